# A stand-in for an agent program, found on PATH as `codex` by both tools and driven by both in the same way. The line above
# this one names bash: it knows the time without starting a program. What it is to do stands in `plan`, beside it.
#
# Its first call is the worker's, its second the reviewer's, and so on: neither tool is asked whose turn it is.
began=$EPOCHREALTIME
if [[ $1 == --version ]]; then
    echo "codex-cli 0.0.0"
    exit
fi
here=${0%/*}
read -r turn < "$here/turn"
echo $((turn + 1)) > "$here/turn"
round=$((turn / 2 + 1))
role=worker
((turn % 2)) && role=reviewer
rounds=1 task=T-1 change=app.txt bulk='' held='' flood='' keep=''
. "$here/plan"

# loop names no file to a reviewer of this program: its last message is its answer.
judge() {
    if [[ $LOOP_ROLE && ! $LOOP_REPORT ]]; then
        echo "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"${1//\"/\\\"}\"}}"
    else
        echo "$1" > "${LOOP_REPORT:-.loop/review_report.json}"
    fi
}

echo "{\"type\":\"thread.started\",\"thread_id\":\"00000000-0000-4000-8000-00000000000$((turn % 2))\"}"
[[ $keep ]] && cat > "$here/$role-$round.prompt"
if [[ $role == worker ]]; then
    if [[ $held ]]; then
        : > "$here/waiting"
        read -r _ < "$here/release"
    fi
    [[ $flood ]] && cat "$flood"
    echo "line $round" >> "$change"
    if [[ $bulk ]]; then
        cat "$bulk" > bulk.txt
        "$here/real/git" add bulk.txt
    fi
    "$here/real/git" commit --quiet --all --message "Round $round"
    read -r head < .git/refs/heads/main
    echo "{\"task_id\":\"$task\",\"round\":$round,\"head_sha\":\"$head\",\"files_changed\":[\"$change\"${bulk:+,\"bulk.txt\"}]," \
        "\"notes\":\"Line $round.\",\"tests\":[]}" > "${LOOP_REPORT:-.loop/work_report.json}"
elif ((round < rounds)); then
    issue="{\"severity\":\"high\",\"file\":\"$change\",\"reason\":\"Line $((round + 1)) is missing.\","
    issue+="\"required_change\":\"Add line $((round + 1)).\"}"
    judge "{\"task_id\":\"$task\",\"round\":$round,\"decision\":\"changes_required\",\"blocking_issues\":[$issue],\"non_blocking_suggestions\":[]}"
else
    judge "{\"task_id\":\"$task\",\"round\":$round,\"decision\":\"approve\",\"blocking_issues\":[],\"non_blocking_suggestions\":[]}"
fi
echo '{"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":1}}'
echo "$role $round $began $EPOCHREALTIME" >> "$here/stamps"
