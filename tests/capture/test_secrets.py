"""Secrets do not reach a catalog, and what is none is left alone."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import re
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from artui.capture.secrets import Redactor, is_secret_file, is_secret_name

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _word(count: int, letters: str = _LETTERS, seed: int = 0) -> str:
    chance = random.Random(seed + count)
    return "".join(chance.choice(letters) for _ in range(count - 1)) + letters[-1]


HEX = "0123456789abcdef"
FORMATS = {
    "aws": "AKIA" + _word(16, "ABCDEFGHIJKLMNOP234567"), "github": "ghp_" + _word(36), "github fine": "github_pat_" + _word(60),
    "gitlab": "glpat-" + _word(20), "hugging face": "hf_" + _word(34, _LETTERS[:52]), "openai": "sk-proj-" + _word(48), "anthropic": "sk-ant-api03-" + _word(80),
    "slack": "xoxb-123456789012-123456789012-" + _word(24), "slack hook": "https://hooks.slack.com/services/T00000000/B00000000/" + _word(24),
    "discord hook": "https://discord.com/api/webhooks/123456789/" + _word(60), "jwt": f"eyJ{_word(30)}.eyJ{_word(40)}.{_word(43)}", "npm": "npm_" + _word(36),
    "pypi": "pypi-AgEIcHlwaS5vcmc" + _word(100), "stripe": "sk_live_" + _word(24), "sendgrid": f"SG.{_word(22)}.{_word(43)}",
    "telegram": "123456789:AA" + _word(33), "twilio": "SK" + _word(32, HEX), "mailchimp": _word(32, HEX) + "-us12", "square": "sq0csp-" + _word(43),
    "google": "AIza" + _word(35), "google oauth": "ya29." + _word(60), "azure": "AccountKey=" + _word(86) + "==", "digitalocean": "dop_v1_" + _word(64, HEX),
    "databricks": "dapi" + _word(32, HEX), "linear": "lin_api_" + _word(40), "groq": "gsk_" + _word(52), "replicate": "r8_" + _word(37),
    "basic auth": "https://ada:" + _word(14) + "@example.org/x", "dsn": "postgresql://svc:" + _word(16) + "@db:5432/x", "bearer": "Authorization: Bearer " + _word(40),
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{_word(64)}\n{_word(64, seed=1)}\n-----END RSA PRIVATE KEY-----", "wandb": "WANDB_API_KEY=" + _word(40, HEX),
    "named": "api_key=" + _word(24), "json": '"client_secret": "' + _word(30) + '"', "yaml": "password: Tr0ub4dor&3x", "signed": "https://b.s3/x?X-Amz-Signature=" + _word(64, HEX),
}  # fmt: skip


def _core(text: str) -> str:
    """The part that must not be seen."""
    return max(re.split(r"[\n:@=\"/ ]+", text), key=len)


@pytest.mark.parametrize("name", FORMATS)
def test_formats_of_secrets_are_taken_out(name: str) -> None:
    """A secret of a known form, or behind a name that says so, is replaced wherever it stands, the same each time."""
    secret = FORMATS[name]
    redactor = Redactor("01CATALOG")
    said = redactor.text(f"before {secret} after")
    assert _core(secret) not in said and "<redacted:" in said and said.startswith("before ") and said.endswith(" after")
    assert said == Redactor("01CATALOG").text(f"before {secret} after")
    assert redactor.text(said) == said


def test_ordinary_params_are_left_alone() -> None:
    """Of 10,000 ordinary values none is changed: hashes, paths, names, numbers, URLs, special tokens."""
    chance = random.Random(7)
    makers = [
        lambda n: hashlib.sha1(str(n).encode()).hexdigest(), lambda n: hashlib.sha256(str(n).encode()).hexdigest(), lambda n: str(chance.random()),
        lambda n: f"/data/user/token/run-{n}/ckpt-{n}.pt", lambda n: f"s3://bucket-{n}/secret-santa/key/part-{n}.parquet",
        lambda n: f"https://example.org/datasets/{n}?split=train&key=value", lambda n: f"meta-llama/Llama-3-{n}B-Instruct",
        lambda n: f"num_tokens={n} max_tokens: {n} token_type=word key={n}", lambda n: "<|endoftext|>", lambda n: f"sha256:{hashlib.sha256(bytes(n)).hexdigest()}",
        lambda n: f"sk-learn-{n} hf_model r8_small gsk_x", lambda n: base64.b64encode(hashlib.md5(str(n).encode()).digest()).decode(),
        lambda n: f"[{n}, {n / 7}, 'adam']", lambda n: f"{n % 24:02}:{n % 60:02}:00 step {n} loss=0.{n}", lambda n: f"git@github.com:team/repo-{n}.git",
    ]  # fmt: skip
    redactor = Redactor("k")
    for number in range(10_000):
        text = chance.choice(makers)(number)
        assert redactor.text(text) == text
        assert (
            redactor.value(
                chance.choice(["model.path", "pad_token", "tokenizer", "max_new_tokens", "key", "seed"]), text
            )
            == text
        )


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [("api_key", True), ("apiKey", True), ("OPENAI_API_KEY", True), ("db.password", True), ("hf_token", True), ("token", True), ("clientSecret", True),
     ("max_tokens", False), ("pad_token", False), ("eos-token", False), ("tokenizer", False), ("key", False), ("keyboard", False), ("secretary", False),
     ("num_key_value_heads", False), ("image_token", False)],
)  # fmt: skip
def test_names_of_secrets(name: str, is_secret: bool) -> None:
    """What a name says: tokens of a tokenizer are no secrets."""
    assert is_secret_name(name) is is_secret


@pytest.mark.parametrize(
    ("path", "is_secret"),
    [(".env", True), ("conf/.env.local", True), (".netrc", True), ("id_rsa", True), ("certs/server.pem", True), (".git/config", True), ("config", False),
     ("id_rsa.pub", False), (".env.example", False), ("environment.json", False), ("model.safetensors", False)],
)  # fmt: skip
def test_files_of_secrets(path: str, is_secret: bool) -> None:
    """Files that hold secrets by their names are not picked up."""
    assert is_secret_file(path) is is_secret


SCRIPT = """
import os, sys
import artui
import helper_module
secrets = dict(line.split("\\t", 1) for line in open("secrets.txt").read().split("\\x1e") if line)
plain = list(secrets.values())
with artui.start_run(project="p", name="r", params={f"p{n}": text for n, text in enumerate(plain)}, tags={f"t{n}": text for n, text in enumerate(plain)},
                     note="\\n".join(plain)) as run:
    run.log_params({"nested": {"list": plain, "password": "CANARYpassword"}, "hf_token": "CANARYtoken"})
    run.add_tags(*plain)
    for text in plain:
        print(text)
        print(text, file=sys.stderr)
    run.log({"x": 1.0})
    run.save("folder", "data")
    run.set_note("second " + " ".join(plain))
    raise RuntimeError(plain[0])
"""


@pytest.mark.parametrize("has_git", [True, False])
def test_canaries_do_not_reach_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_git: bool) -> None:
    """Secrets in params, tags, notes, arguments, variables, code, diffs, the console and errors: none is in the file."""
    work = tmp_path / "work"
    (work / "data").mkdir(parents=True)
    (work / "train.py").write_text(SCRIPT)
    (work / "helper_module.py").write_text("x = 1\n")
    (work / "data" / "rows.csv").write_text("a\n1\n")
    (work / "data" / ".env").write_text("X=CANARYenvfile")
    (work / "secrets.txt").write_text("\x1e".join(f"{name}\t{text}" for name, text in FORMATS.items()))
    if has_git:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "x"],
                        ["remote", "add", "origin", "https://ada:CANARYremote@example.org/x.git"]):  # fmt: skip
            subprocess.run(["git", *command], cwd=work, check=True)
    code = "\n".join(f"# {text}" if "\n" not in text else f"'''{text}'''" for text in FORMATS.values())
    (work / "helper_module.py").write_text(f"x = 1\n{code}\n")
    environment = {**os.environ, "ARTUI_CONSOLE": "1", "ARTUI_CODE": "1", "ARTUI_CATALOG": str(tmp_path / "x.artui"), "MY_SETTING": "CANARYvariable",
                   "CUDA_TOKEN": FORMATS["github"]}  # fmt: skip
    arguments = ["--api-key", "CANARYargument", f"--url={FORMATS['basic auth']}", FORMATS["github"]]
    done = subprocess.run(
        [sys.executable, "train.py", *arguments],
        cwd=work,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"RuntimeError" in done.stderr

    found = _everything(tmp_path / "x.artui")
    assert b"redacted" in found and b"MY_SETTING" in found and b"helper_module" in found
    for name, secret in FORMATS.items():
        assert _core(secret).encode() not in found, name
        assert base64.b64encode(_core(secret).encode())[:-4] not in found, name
        assert _core(secret).encode("utf-16-le") not in found, name
    assert b"CANARY" not in found


def _everything(path: Path) -> bytes:
    """The raw bytes of a catalog, and what is compressed in it."""
    parts = [path.read_bytes()]
    with sqlite3.connect(path) as connection:
        for codec, content in connection.execute("SELECT codec, content FROM chunk"):
            parts.append(zlib.decompress(content) if codec == "zlib" else content)
    return b"".join(parts)
