"""Which code a model was made by."""

import hashlib
import subprocess

from pipeline.fingerprint import CODE, ROOT, file_hash

PACKAGES = ("data", "models", "explain", "pipeline")


def code_version() -> dict[str, str]:
    """What tells the code apart, as tags.

    Returns:
        `code`: 128 bits over the packages' files, in hexadecimal digits. `commit`: git's, where this is a checkout;
        with "-dirty" where a file of the packages differs from it.
    """
    files = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.suffix in CODE)
    listed = "\n".join(f"{path.relative_to(ROOT).as_posix()} {file_hash(path)}" for path in files)
    found = {"code": hashlib.blake2b(listed.encode(), digest_size=16).hexdigest()}
    commit = _git("rev-parse", "HEAD")
    if commit:
        found["commit"] = commit + ("-dirty" if _git("status", "--porcelain", "--", *PACKAGES) else "")
    return found


def _git(*arguments: str) -> str:
    """What git says; nothing where it is missing or this is no checkout."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
