"""Keeping secrets out of a catalog: what is recorded without being asked for is looked through first.

Each secret is replaced by what it was, with four hex digits of a hash keyed by the catalog, so that equal secrets
still compare equal: `<redacted:github-token:1f3a>`. Formats are those that their issuers publish, as collected by
detect-secrets (https://github.com/Yelp/detect-secrets) and the providers' own documentation; a value is also taken
for a secret when the name beside it says so. Ordinary params, hashes, paths and numbers are left alone.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

_WORD = r"(?<![A-Za-z0-9_/+\-])"
_END = r"(?![A-Za-z0-9_\-])"

_FORMATS: tuple[tuple[str, str], ...] = (
    ("private-key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]{0,20000}?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]{0,20000})"),
    ("aws-key-id", _WORD + r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}" + _END),
    ("github-token", _WORD + r"(?:gh[pousr]_[A-Za-z0-9_]{36,255}|github_pat_[A-Za-z0-9_]{22,255})" + _END),
    ("gitlab-token", _WORD + r"(?:glpat|gldt|glrt|glptt|glft|glsoat|glimt|glagent|glcbt)-[A-Za-z0-9_\-]{20,64}" + _END),
    ("huggingface-token", _WORD + r"(?:hf|api_org)_[A-Za-z]{30,40}" + _END),
    ("huggingface-token", _WORD + r"hf_[A-Za-z0-9]{34,40}" + _END),
    ("anthropic-key", _WORD + r"sk-ant-[A-Za-z0-9_\-]{20,200}" + _END),
    ("openai-key", _WORD + r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_\-]{20,200}" + _END),
    ("slack-token", _WORD + r"xox(?:a|b|p|o|s|r|e)-(?:\d+-)*[A-Za-z0-9\-]{10,250}"),
    ("slack-webhook", r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_]{20,}"),
    ("discord-webhook", r"https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_\-]{40,}"),
    ("discord-token", _WORD + r"[MNO][A-Za-z\d_\-]{23,25}\.[A-Za-z\d_\-]{6}\.[A-Za-z\d_\-]{27,38}" + _END),
    ("jwt", _WORD + r"eyJ[A-Za-z0-9_\-=]{8,}\.[A-Za-z0-9_\-=]{8,}\.?[A-Za-z0-9_\-.+/=]*"),
    ("npm-token", _WORD + r"npm_[A-Za-z0-9]{36}" + _END),
    ("npm-token", r"(?<=_authToken=)[A-Za-z0-9\-_.]{20,}"),
    ("pypi-token", _WORD + r"pypi-AgE[A-Za-z0-9_\-]{50,}"),
    ("stripe-key", _WORD + r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{20,247}" + _END),
    ("sendgrid-key", _WORD + r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{16,64}" + _END),
    ("telegram-token", _WORD + r"\d{8,10}:AA[A-Za-z0-9_\-]{33}" + _END),
    ("twilio-key", _WORD + r"(?:AC|SK)[0-9a-f]{32}" + _END),
    ("mailchimp-key", _WORD + r"[0-9a-f]{32}-us[0-9]{1,2}" + _END),
    ("square-secret", _WORD + r"(?:sq0csp-[A-Za-z0-9_\-]{43}|EAAA[A-Za-z0-9_\-]{60})" + _END),
    ("google-api-key", _WORD + r"AIza[0-9A-Za-z_\-]{35}" + _END),
    ("google-oauth", _WORD + r"(?:ya29\.[0-9A-Za-z_\-]{20,}|GOCSPX-[A-Za-z0-9_\-]{28})"),
    ("azure-storage-key", r"(?<=AccountKey=)[A-Za-z0-9+/]{86}=="),
    ("azure-sas", r"(?<=[?&]sig=)[A-Za-z0-9%+/]{40,}={0,2}"),
    ("signed-url", r"(?i)(?<=X-Amz-Signature=)[0-9a-f]{64}|(?<=X-Goog-Signature=)[0-9a-f]{64,}"),
    ("digitalocean-token", _WORD + r"do[opr]_v1_[a-f0-9]{64}" + _END),
    ("databricks-token", _WORD + r"dapi[a-f0-9]{32}(?:-\d)?" + _END),
    ("doppler-token", _WORD + r"dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9]{40,44}" + _END),
    ("cloudant-url", r"(?<=://)[A-Za-z0-9\-]{10,}:[0-9a-f]{64}(?=@[\w\-]+\.cloudant\.com)"),
    ("age-key", _WORD + r"AGE-SECRET-KEY-1[0-9A-Z]{58}" + _END),
    ("linear-key", _WORD + r"lin_api_[A-Za-z0-9]{40}" + _END),
    ("groq-key", _WORD + r"gsk_[A-Za-z0-9]{40,60}" + _END),
    ("replicate-token", _WORD + r"r8_[A-Za-z0-9]{37,40}" + _END),
    ("wandb-key", r"(?i)(?<=wandb_api_key[=:])\s*[0-9a-f]{40}"),
    ("password", r"(?<=://)[^\s/:@\"'<>]{0,200}:[^\s/@\"'<>]{1,200}(?=@[\w\[])"),
    ("bearer", r"(?i)(?<=authorization: )(?:bearer|basic|token) +[A-Za-z0-9_\-.~+/=]{8,}|(?<=bearer )[A-Za-z0-9_\-.~+/]{20,}=*"),
)  # fmt: skip
_LIST = tuple((name, re.compile(text)) for name, text in _FORMATS)
# What every format above holds somewhere: most texts hold none of it, and are done with.
_HINT = re.compile(
    r"PRIVATE KEY|A3T|ABIA|ACCA|AKIA|ASIA|gh[pousr]_|github_pat_|gl[a-z]{2,6}-|hf_|api_org_|sk-|xox[abposre]-|hooks\.slack|/api/webhooks/|"
    r"eyJ|npm_|_authToken|pypi-|[srp]k_(?:live|test)_|SG\.|:AA|AC[0-9a-f]{32}|SK[0-9a-f]{32}|-us\d|sq0csp|EAAA|AIza|ya29|GOCSPX|AccountKey=|"
    r"sig=|[Ss]ignature=|do[opr]_v1_|dapi|dp\.[a-z]{2}\.|AGE-SECRET|lin_api_|gsk_|r8_|[Bb]earer|[Aa]uthorization|://|(?i:wandb_api_key)|[MNO][\w-]{23}"
)

_SECRET_NAME = re.compile(
    r"(?:^|[_\-.\s])(?:password|passwd|passphrase|pwd|secret|secrets|credential|credentials|api_?key|apikey|access_?key|secret_?key|private_?key|"
    r"auth_?key|auth_?token|access_?token|refresh_?token|bearer_?token|api_?token|session_?token|token|client_?secret|webhook_?url|"
    r"connection_?string|dsn)$"
)
_HARMLESS_TOKENS = re.compile(
    r"(?:pad|eos|bos|unk|mask|sep|cls|special|image|video|audio|start|end|stop|boi|eoi|fim|prefix|suffix|middle|decoder|forced|prompt|"
    r"mask|class|per|max|min|num|n|total|first|last|next|new|added|system|user|assistant|tool|think|word|sub|char|byte|text|input|output|"
    r"label|target|register|gist|latent|prev|vocab)_?\d*[_\-.\s]?token$"
)  # fmt: skip
_ASSIGNED = re.compile(
    r"""(?P<name>(?<![A-Za-z0-9])[A-Za-z0-9_.\-]{0,60}?(?i:password|passwd|passphrase|secret|credential|api[_-]?key|access[_-]?key|private[_-]?key|token|dsn)s?)"""
    r"""(?P<between>["']?\s{0,3}(?:=>|:=|==?|:)\s{0,3}|\s{1,2}(?=["']))(?P<quote>["']?)(?P<value>[^\s"',;<>\\]{6,400})(?P=quote)"""
)
_NO_SECRETS = frozenset({"none", "null", "true", "false", "auto", "default", "yes", "no", "0", "1"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_FILES = (".env", ".env.*", "*.env", ".netrc", "_netrc", ".pypirc", ".npmrc", ".pgpass", ".git-credentials", ".htpasswd", "id_rsa*", "id_dsa*", "id_ecdsa*",
          "id_ed25519*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "credentials", "credentials.json",
          "service-account*.json", "service_account*.json", "client_secret*.json", "kubeconfig", "token.json", ".vault-token", "*.ovpn")  # fmt: skip
_HARMLESS_FILES = ("*.pub", ".env.example", ".env.sample", ".env.template", "example.env")

VARIABLES = (
    "CUDA_*", "NVIDIA_VISIBLE_DEVICES", "HIP_*", "ROCR_*", "OMP_*", "MKL_*", "OPENBLAS_*", "KMP_*", "NCCL_*", "GLOO_*", "TORCH_*", "PYTORCH_*",
    "XLA_*", "JAX_*", "TF_CPP_*", "TF_DETERMINISTIC_*", "TF_ENABLE_*", "TF_FORCE_*", "TF_GPU_*", "TF_XLA_*", "TF_CUDNN_*", "TF_NUM_*", "HF_HOME", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM", "SLURM_JOB_*", "SLURM_STEP_ID", "SLURM_PROCID",
    "SLURM_LOCALID", "SLURM_NTASKS*", "SLURM_NNODES", "SLURM_NODEID", "SLURM_ARRAY_*", "SLURM_CPUS_*", "SLURM_GPUS*", "SLURM_CLUSTER_NAME", "PBS_JOBID",
    "LSB_JOBID", "JOB_ID", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID",
    "OMPI_COMM_WORLD_*", "PYTHONHASHSEED", "PYTHONPATH", "PYTHONOPTIMIZE", "CONDA_DEFAULT_ENV", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ",
    "KUBERNETES_SERVICE_HOST", "ARTUI_RUN", "ARTUI_CATALOG", "ACCELERATE_*", "DEEPSPEED_*",
)  # fmt: skip
"""Environment variables that are kept with their values; of all others nothing but the name is."""


class Redactor:
    """Takes secrets out of text; made for one catalog, whose id keys the hashes."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()[:64] or b"artui"
        self.count = 0

    def text(self, text: str) -> str:
        """Take out what has the form of a secret, or stands behind a name that says it is one."""
        if _HINT.search(text) is not None:
            for name, pattern in _LIST:
                text = pattern.sub(self._replacer(name), text)
        if _may_assign(text):
            text = _ASSIGNED.sub(self._assigned, text)
        return text

    def value(self, name: str, value: Any) -> Any:
        """Take secrets out of a param's value, whole if its name says that it is one."""
        if isinstance(value, str):
            if is_secret_name(name) and _could_be_secret(value):
                return self._mark(_kind(name), value)
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(f"{name}.{key}", inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(name, inner) for inner in value]
        return value

    def command(self, parts: list[str]) -> list[str]:
        """Take secrets out of a command line: `--token X`, `--token=X`, `KEY=X`, and passwords in URLs."""
        shown: list[str] = []
        hide_next = ""
        for part in parts:
            name, equals, value = part.partition("=")
            if hide_next and not part.startswith("-"):
                shown.append(self.value(hide_next, part))
                hide_next = ""
                continue
            hide_next = ""
            plain = name.lstrip("-+").replace("-", "_")
            if equals and is_secret_name(plain):
                shown.append(f"{name}={self.value(plain, value)}")
                continue
            if part.startswith("-") and not equals and is_secret_name(plain):
                hide_next = plain
            shown.append(self.text(part))
        return shown

    def variables(self, environment: Mapping[str, str], *, extra: tuple[str, ...] = ()) -> dict[str, str | None]:
        """Give the variables of an environment: values by the list of names, and else None."""
        patterns = (*VARIABLES, *extra)
        return {
            name: self.value(name, value) if any(fnmatch.fnmatchcase(name, each) for each in patterns) else None
            for name, value in sorted(environment.items())
        }

    def _replacer(self, name: str) -> Callable[[re.Match[str]], str]:
        return lambda match: self._mark(name, match[0])

    def _assigned(self, match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        is_literal = bool(match["quote"]) and len(value) >= 8 and _could_be_secret(value) and value[0] not in "[{$%"
        if value.startswith("<redacted") or not is_secret_name(name) or not (is_literal or _looks_random(name, value)):
            return match[0]
        return f"{name}{match['between']}{match['quote']}{self._mark(_kind(name), value)}{match['quote']}"

    def _mark(self, kind: str, secret: str) -> str:
        if secret.startswith("<redacted:"):
            return secret
        self.count += 1
        digest = hashlib.blake2b(secret.encode("utf-8", "replace"), key=self._key, digest_size=2).hexdigest()
        return f"<redacted:{kind}:{digest}>"


def _may_assign(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in ("passw", "secret", "token", "key", "credential", "passphrase", "dsn"))


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Say whether a name is that of a secret: `api_key` is, `max_tokens`, `pad_token` and `key` are not."""
    words = _CAMEL.sub("_", name).lower().replace("-", "_")
    return _SECRET_NAME.search(words) is not None and _HARMLESS_TOKENS.search(words) is None


def _kind(name: str) -> str:
    words = _CAMEL.sub("_", name).lower().replace("-", "_").replace(".", "_")
    for kind in ("password", "passwd", "passphrase", "token", "credential"):
        if kind in words:
            return "password" if kind.startswith("pass") else kind
    return "key" if "key" in words else "secret"


def _could_be_secret(value: str) -> bool:
    """Say whether a value under a secret's name can be one: special tokens and empty words are not."""
    text = value.strip()
    return bool(text) and not text.startswith("<") and text.lower() not in _NO_SECRETS


def _looks_random(name: str, value: str) -> bool:
    """Say whether a word of code or a log can be a secret: not a call, a path, an attribute or a plain word."""
    if (
        value.startswith(("<", "$", "{", "%", "os.", "self.", "args.", "config", "(", "[", "getenv"))
        or "(" in value
        or "[" in value
    ):
        return False
    if _kind(name) == "password":
        return (len(value) >= 6 and not value.isidentifier()) or any(letter.isdigit() for letter in value)
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    return len(value) >= 12 and has_digit and has_letter and "/" not in value[:2]


def is_secret_file(path: str) -> bool:
    """Say whether a file by its name holds secrets: such are only kept when they are named themselves."""
    parts = path.replace("\\", "/").split("/")
    name = parts[-1].lower()
    if len(parts) > 1 and parts[-2] == ".git" and name in ("config", "credentials"):
        return True
    if any(fnmatch.fnmatchcase(name, each) for each in _HARMLESS_FILES):
        return False
    return any(fnmatch.fnmatchcase(name, each) for each in _FILES)
