import os
import socket
from pathlib import Path

import pytest

from loop_kit.bus.files import free_name, is_folder, open_regular, read_beginning, read_bytes
from loop_kit.errors import DocumentError
from tests.bus.children import run


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_refused_by_name(tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(b"x" * 1024)
    assert len(read_bytes(path, limit=1024)) == 1024
    with pytest.raises(DocumentError, match="the report is larger than 1023 bytes"):
        read_bytes(path, limit=1023, name="the report")


def test_a_limit_in_whole_mebibytes_is_said_so(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(DocumentError, match="larger than 1 MiB"):
        read_bytes(path, limit=1 << 20)


def test_a_device_that_never_ends_is_refused():
    with pytest.raises(DocumentError, match="/dev/zero is a device, not a file"):
        read_bytes(Path("/dev/zero"), limit=1024)


def test_a_missing_file_is_left_to_the_caller(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "absent", limit=10)


def test_a_folder_is_refused_by_name(tmp_path):
    with pytest.raises(DocumentError, match=r"r.json is a folder, not a file"):
        read_bytes(tmp_path, limit=10, name="r.json")


def test_a_fifo_is_refused_without_waiting_for_its_other_end(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(DocumentError, match=r"r.json is a FIFO, not a file"):
        read_bytes(path, limit=10, name="r.json")
    with pytest.raises(DocumentError, match="is a FIFO"):
        open_regular(path, os.O_RDWR)


def test_a_socket_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        with pytest.raises(DocumentError, match=r"r.json is a socket, not a file"):
            read_bytes(tmp_path / "s", limit=10, name="r.json")


def test_a_symbolic_link_is_followed_only_where_it_may_be(tmp_path):
    (tmp_path / "real").write_bytes(b"content")
    link = tmp_path / "link"
    link.symlink_to("real")
    assert read_bytes(link, limit=10) == b"content"
    with pytest.raises(DocumentError, match=r"r.json is a symbolic link, not a file"):
        read_bytes(link, limit=10, name="r.json", follow=False)


def test_a_file_that_may_not_be_opened_is_refused_with_the_reason(tmp_path):
    path = tmp_path / "locked-away"
    path.write_bytes(b"x")
    path.chmod(0)
    tmp_path.chmod(0o755)
    script = """
import os, sys
from pathlib import Path
from loop_kit.bus.files import read_bytes
from loop_kit.errors import DocumentError
os.chdir(Path(sys.argv[1]).parent)
if os.geteuid() == 0: os.setuid(65534)
try: read_bytes(Path(Path(sys.argv[1]).name), limit=9, name="r.json")
except DocumentError as error: print(error.message)
"""
    assert run(script, path) == "r.json cannot be opened: Permission denied"


def test_descriptors_are_not_inherited_by_children(tmp_path):
    fd = open_regular(tmp_path / "new", os.O_RDWR | os.O_CREAT)
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_a_refused_file_leaves_no_open_descriptor(tmp_path):
    lowest = os.dup(0)
    os.close(lowest)
    for _ in range(5):
        with pytest.raises(DocumentError):
            read_bytes(tmp_path, limit=10)
    again = os.dup(0)
    os.close(again)
    assert again == lowest


def test_the_beginning_of_a_refused_file_can_be_kept(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(b"0123456789")
    assert read_beginning(path, limit=4) == b"0123"
    assert read_beginning(tmp_path, limit=4) == b""
    assert read_beginning(tmp_path / "absent", limit=4) == b""


def test_a_link_to_a_folder_is_no_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert is_folder(tmp_path / "real")
    assert not is_folder(tmp_path / "link")
    assert not is_folder(tmp_path / "absent")


def test_a_free_name_is_one_that_nothing_has_not_even_a_broken_link(tmp_path):
    (tmp_path / "x-1").symlink_to("nowhere")
    (tmp_path / "x-2").mkdir()
    assert free_name(tmp_path, "x").name == "x-3"
