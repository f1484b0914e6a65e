import hashlib
import subprocess
import sys
from pathlib import Path

from loop_kit.digests import file_digest, sha256


def test_digests_are_those_of_the_standard_library(tmp_path: Path):
    data = b"loop" * 200_000
    assert sha256(data).hexdigest() == hashlib.sha256(data).hexdigest()
    (tmp_path / "file").write_bytes(data)
    assert file_digest(tmp_path / "file").digest() == hashlib.sha256(data).digest()


def test_no_process_loads_openssl_for_them():
    code = "import sys, loop_kit.digests; assert not {'_hashlib', 'hashlib'} & set(sys.modules), 'it was loaded'"
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=60)
