"""The door to the Hugging Face Hub: an export becomes a dataset repository, in one commit. huggingface_hub asks it.

Its address is HF_ENDPOINT's, if that is set, and the token HF_TOKEN's or that of `hf auth login`: neither is kept here.
"""

from __future__ import annotations

from pathlib import Path

from collector.errors import InputError, missing


def push(folder: Path, name: str, private: bool = False) -> str:
    """Put everything of a folder into the dataset NAME, or USER/NAME, and take away what else is in it; its address.

    The repository is made when there is none. UsageError without the extra `hub`, InputError when the Hub refuses or
    cannot be reached: what was there stays, because there is one commit.
    """
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HFValidationError
    except ImportError:
        raise missing("huggingface_hub", "--push-to-hub", "hub") from None
    api = HfApi()
    try:
        made = api.create_repo(name, repo_type="dataset", private=private, exist_ok=True)
        api.upload_folder(
            repo_id=made.repo_id, folder_path=folder, repo_type="dataset", delete_patterns="*",
            commit_message="Export of collector",
        )  # fmt: skip
    except HFValidationError as error:
        raise InputError(f"--push-to-hub {name[:200]}: {str(error).partition(chr(10))[0][:300]}") from None
    except Exception as error:  # Its own tree, and that of its HTTP library.
        answer = getattr(error, "response", None)
        status = f"HTTP {answer.status_code}: " if answer is not None else ""
        text = str(getattr(error, "server_message", None) or error).partition("\n")[0] or type(error).__name__
        refused = answer is not None and answer.status_code in (401, 403)
        hint = "; set HF_TOKEN to a token that may write" if refused else ""
        raise InputError(f"--push-to-hub {name}: {status}{text[:300]}{hint}") from error
    return str(made)
