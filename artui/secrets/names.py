"""What the name beside a value says about it: surely a secret, a secret if it looks like one, or not a secret.

Names of training code are full of words that mean secrets elsewhere: `max_tokens`, `pad_token`, `sort_key`,
`session`, `author`. Only the last word of a name counts, and columns, tokens of a tokenizer and methods are
left out.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache


class Suspicion(IntEnum):
    """How much a name says."""

    NONE = 0
    WEAK = 1
    """`session`, `salt`, `upload_key`: the value has to look like a secret, too."""
    STRONG = 2
    """`password`, `api_key`: any value that is not a word such as `none`."""


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BEFORE = r"(?:^|[_.\s/:])"
_KEY_OWNERS = (
    r"api|app|application|access|secret|private|auth|authorization|ssh|encrypt|encryption|decrypt|decryption|sign|signing|signature|master|account|storage|"
    r"admin|client|deploy|deployment|host|gpg|pgp|rsa|dsa|ecdsa|ed25519|aes|hmac|cipher|crypto|crypt|tls|ssl|cert|certificate|jwt|jws|jwe|vault|kms|root|"
    r"shared|shared_access|subscription|license|licence|service|service_account|security|session|cookie|fernet|django|flask|totp|backup|recovery|wallet|"
    r"hashing|webhook|bot|ingest|ingestion|integration|instrumentation|provisioning|registration|write|server|consumer|wandb|openai|anthropic|claude|hf|"
    r"huggingface|kaggle|comet|neptune|clearml|mlflow|aws|azure|gcp|google|gemini|cohere|mistral|groq|replicate|pinecone|serpapi|stripe|twilio|sendgrid|"
    r"mailgun|datadog|dd|github|gitlab|slack|telegram|discord|deepseek|together|fireworks|nvidia|ngc|roboflow|labelbox|scale|algolia|firebase|supabase|"
    r"cloudflare|heroku|newrelic|elastic|mongo|redis|kafka|snowflake|databricks|docker|registry_auth|tailscale|wireguard|age"
)
_STRONG = re.compile(
    _BEFORE + r"(?:pass_?words?|passwd|passphrase|passcode|pwd|secrets?|credentials?|creds|"
    rf"(?:{_KEY_OWNERS})[_.]?keys?|private_?key_?id|private_?key_?data|access_?key_?secret|token|"
    r"(?:access|refresh|auth|oauth|bearer|api|session|security|client|csrf|xsrf|id|jwt|bot|deploy|push|private|personal_access|hf|hub|github|gitlab|slack)_?token|"
    r"authorization|bearer|jwt|cookies?|set_cookie|conn_?str|conn_?string|connection_?str|connection_?string|sas_?url|sas_?token|dsn|"
    r"web_?hook|web_?hook_?url|client_?secret|otp|totp|mnemonic|seed_?phrase|recovery_?codes?|apikeys?|secret_?access_?key)_?\d{0,3}$"
)
_WEAK = re.compile(
    _BEFORE + r"(?:auth|oauth|basic_?auth|session|session_?cookie|sess|pat|personal_?access|pin|pin_?code|salt|"
    r"csrf|xsrf|license|(?P<owner>[a-z0-9]*)_key)_?\d{0,3}$"
)
_HARMLESS_TOKENS = re.compile(
    r"(?:pad|eos|bos|unk|mask|sep|cls|special|image|video|audio|start|end|stop|boi|eoi|fim|prefix|suffix|middle|decoder|forced|prompt|"
    r"class|per|max|min|num|n|total|first|last|next|new|added|system|user|assistant|tool|think|word|sub|char|byte|text|input|output|"
    r"label|target|register|gist|latent|prev|vocab|sentence|query|document|passage|blank|newline|space|bot|eot|task|language|lang|"
    r"speaker|turn|role|extra|dummy|null|empty|unknown|placeholder|sentinel|reserved)_?\d*[_\-.\s]?token$"
)  # fmt: skip
_COLUMNS = frozenset(
    ["primary", "foreign", "sort", "sorting", "order", "group", "grouping", "partition", "cache", "index", "lookup", "dict", "map", "hash", "row", "rows", "column", "columns", "col", "field", "data", "dataset", "image", "images", "img", "text", "label", "labels", "target", "targets", "input", "inputs", "output", "outputs", "feature", "features", "metric", "metrics", "monitor", "loss", "score", "batch", "state", "dict", "query", "value", "values", "attention", "attn", "num", "n", "no", "max", "min", "head", "kv", "qkv", "prng", "rng", "random", "jax", "numpy", "join", "merge", "dedup", "unique", "natural", "composite", "surrogate", "candidate", "object", "s3", "bucket", "blob", "file", "files", "path", "folder", "config", "param", "params", "parameter", "json", "yaml", "attr", "attribute", "prop", "property", "id", "name", "names", "answer", "question", "prompt", "response", "reward", "obs", "observation", "action", "time", "date", "timestamp", "step", "epoch", "sample", "record", "item", "entity", "user", "class", "category", "caption", "audio", "video", "mask", "depth", "pose", "embedding", "embed", "vector", "mesh", "model", "module", "layer", "weight", "weights", "checkpoint", "ckpt", "optimizer", "scheduler", "train", "val", "valid", "validation", "test", "eval", "best", "track", "trigger", "hot", "short", "arrow", "enter", "escape", "shift", "tab", "space", "ctrl", "alt", "function", "musical", "music", "song", "tonic", "major", "minor", "any", "every", "all", "each", "first", "last", "next", "prev", "previous", "parent", "child", "source", "src", "dst", "tgt", "dest", "left", "right", "idx", "tag", "topic", "routing", "message", "messages", "event", "log", "search", "filter", "dist", "distribution", "cluster", "clustering", "range", "shard", "region", "tenant", "public", "pub", "ref", "reference", "bib", "cite", "translation", "i18n", "locale", "registry", "namespace", "variable", "env", "option", "setting", "settings", "result", "results", "return", "anchor", "positive", "negative", "pair", "word", "char", "doc", "document", "passage", "ctx", "context", "sampling", "shuffle", "bucketing", "aggregation", "agg", "pivot", "x", "y", "z", "hue", "color", "colour", "size", "style", "legend", "axis", "plot", "chart", "dtype", "type", "kind", "mode", "split", "fold", "seed", "gt", "truth", "ground", "pred", "prediction", "logits", "prob", "probs", "residual", "query_and", "cross", "self", "end", "start", "stop", "stat", "stats", "summary", "history", "dimension", "dim", "shape", "size", "rank", "world", "stage", "pipeline", "task", "job", "run", "experiment", "artifact", "version", "alias", "project", "team", "view", "sheet", "cell", "table", "schema", "match", "matching", "lock", "up", "down", "page", "home", "delete", "insert", "main", "sub", "base", "old", "new", "extra", "custom", "default"]
)  # fmt: skip
"""Words before `key` that make it a name in a mapping or a table."""
_CORE = r"pass_?word|passwd|passphrase|passcode|pwd|secret|credential|creds|key|token|dsn|auth|authorization|bearer|cookie|session|conn_?str|conn_?string|connection_?string|webhook|otp|jwt|salt|pat|pin"
WORDS = re.compile(rf"(?:{_CORE.replace('_?', '[_-]?')})(?:s|_?url|_?id|_?\d{{1,3}})?(?![A-Za-z])", re.IGNORECASE)
"""The last word of a name that may be that of a secret, in any text."""
_PARTS = ("key", "token", "secret", "pass", "pwd", "auth", "cred", "session", "bearer", "cookie", "dsn", "conn", "webhook", "otp", "jwt", "salt", "pat", "pin")  # fmt: skip


def may_name_a_secret(text: str) -> bool:
    """Say whether a text can have one of the words at all: much faster than looking for where."""
    lower = text.lower()
    return any(part in lower for part in _PARTS)


_METHODS = frozenset(
    [
        "none",
        "null",
        "true",
        "false",
        "auto",
        "default",
        "yes",
        "no",
        "on",
        "off",
        "0",
        "1",
        "basic",
        "digest",
        "ntlm",
        "kerberos",
        "oauth",
        "oauth2",
        "bearer",
        "token",
        "jwt",
        "saml",
        "ldap",
        "iam",
        "sso",
        "password",
        "key",
        "apikey",
        "api_key",
        "anonymous",
        "public",
        "private",
        "required",
        "disabled",
        "enabled",
    ]
)
_PLACEHOLDER = re.compile(
    r"(?:your|my|the|a|some|insert|replace|change|enter|put|example|dummy|fake|test|todo)[-_ ]?(?:own[-_ ])?[a-z_\- ]*(?:key|token|secret|password|here|me|this)?\Z"
)
_ORDINARY = re.compile(
    r"[\d.:,+\-TZeE/ _%]+\Z"  # numbers, dates, times
    r"|[a-z]+(?:[_\-./: ][a-z]+|[_\-./: ]?\d{1,4})*\Z"  # words, names of models, paths
    r"|[A-Z]+(?:_[A-Z0-9]+)*\Z|[A-Za-z]{1,10}[_\-]?\d{1,4}\Z|[A-Z][a-z]+\Z"
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z"  # a UUID names something
    r"|(?:[A-Za-z]:[\\/]|\.{0,2}/|~/|[a-z0-9]{1,10}://).*"
    r"|[\w\-./ ]+\.[A-Za-z]{1,5}\d?\Z"
)
_NUMERIC = re.compile(_BEFORE + r"(?:pass_?word|passwd|passcode|pwd|pin|pin_?code|otp|totp|secret)$")


def _words(name: str) -> str:
    return _CAMEL.sub("_", name).lower().replace("-", "_")


@lru_cache(maxsize=8192)
def suspicion(name: str) -> Suspicion:
    """Say what a name reveals about its value: `api_key` names a secret, `max_tokens`, `pad_token`, `sort_key` and `key` do not."""
    words = _words(name)
    if _HARMLESS_TOKENS.search(words) is not None:
        return Suspicion.NONE
    if _STRONG.search(words) is not None:
        return Suspicion.STRONG
    match = _WEAK.search(words)
    if match is None or match["owner"] in _COLUMNS or match["owner"] == "":
        return Suspicion.NONE
    return Suspicion.WEAK


def is_secret_name(name: str) -> bool:
    """Say whether a name is that of a secret for certain."""
    return suspicion(name) is Suspicion.STRONG


def is_secret_number(name: str, number: int) -> bool:
    """Say whether a whole number is a secret by its name: a PIN, a one-time password."""
    return abs(number) >= 1000 and _NUMERIC.search(_words(name)) is not None


def is_secret_value(name: str, value: str) -> bool:
    """Say whether a text is a secret by the name beside it."""
    sure = suspicion(name)
    if sure is Suspicion.NONE or not could_be_secret(value):
        return False
    return sure is Suspicion.STRONG or looks_like_key(value) or (value.strip().isdigit() and is_secret_number(name, int(value[:18])))  # fmt: skip


def could_be_secret(value: str) -> bool:
    """Say whether a value under a secret's name can be one: special tokens, marks, placeholders and empty words are not."""
    text = value.strip()
    if not text or text[0] == "<" or text.lower() in _METHODS:
        return False
    return not (text.startswith(("${", "$(", "%(", "{{", "***")) or _PLACEHOLDER.match(text.lower()))


def looks_like_key(value: str) -> bool:
    """Say whether a value by itself can be a key: no word, number, date, path or name of a model."""
    text = value.strip()
    return len(text) >= 8 and not any(map(str.isspace, text)) and _ORDINARY.match(text) is None


def kind_of(name: str) -> str:
    """Name a secret by its name: `password`, `token`, `key` …"""
    words = _words(name).replace(".", "_")
    if "passw" in words or "passphrase" in words or "pwd" in words:
        return "password"
    for kind in ("cookie", "token", "credential", "authorization", "session", "webhook", "salt", "otp", "pin", "jwt"):
        if re.search(rf"(?:^|_){kind}", words):
            return kind
    return "key" if "key" in words else "secret"
