"""What is taken for a secret, and what is left alone."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import time
import uuid
from collections.abc import Callable

import pytest

from artui.secrets import Redactor, begun_block, is_secret_file
from artui.secrets.formats import FORMATS
from artui.secrets.names import Suspicion, suspicion
from tests.secrets.planted import HEX, KINDS, NAMES, Draw, Planted, plant

ALL = plant("forms")
SETTINGS = {
    "plain": "{}", "in a sentence": "before {} after", "bold": "\x1b[1m{}\x1b[0m", "many colours": "x\x1b[38;5;12m{}\x1b[0;1;31m y", "spelled": "print('\\x1b[1m{}\\x1b[0m')",
    "octal": '"\\033[1;32m{}\\033[0m"', "line of a diff": "+{}\n", "in a list": "['{}', 1]", "behind a dash": "run-{}", "link": "\x1b]8;;http://x\x07{}\x1b]8;;\x07",
}  # fmt: skip


@pytest.mark.parametrize("planted", ALL, ids=lambda planted: planted.kind)
def test_every_kind_is_taken_out_wherever_it_stands(planted: Planted) -> None:
    """In sentences, colours, escapes that are spelled out, lists and diffs; the rest of the text stays; again changes nothing."""
    redactor = Redactor("01CATALOG")
    for place, setting in SETTINGS.items():
        if place == "behind a dash" and planted.text == planted.core:
            continue  # some forms are short: a word that goes on is another word
        redacted = redactor.text(setting.format(planted.text))
        before, _, after = setting.partition("{}")
        assert planted.core not in redacted and "<redacted:" in redacted, (place, redacted)
        assert redacted.startswith(before) and redacted.endswith(after), (place, redacted)
        assert redactor.text(redacted) == redacted == Redactor("01CATALOG").text(setting.format(planted.text))
        assert Redactor("02CATALOG").text(redacted) == redacted


@pytest.mark.parametrize("planted", ALL, ids=lambda planted: planted.kind)
def test_escapes_inside_a_secret_do_not_hide_it(planted: Planted) -> None:
    """Colours, invisible letters and backspaces in the middle of a secret: it is found in the text as a person sees it."""
    half = planted.text.index(planted.core) + len(planted.core) // 2
    for hidden in (
        "\x1b[0m",
        "\x1b[38;2;1;2;3m",
        "\\x1b[31m",
        "\\u001b[1m",
        "\u200b",
        "\u00ad",
        "\x00",
        "\U000e0041",
        "\x1b[K",
    ):
        redacted = Redactor("k").text(planted.text[:half] + hidden + planted.text[half:])
        rest = planted.core[len(planted.core) // 2 :]
        assert planted.core not in redacted and rest not in redacted and "<redacted:" in redacted, (hidden, redacted)


@pytest.mark.parametrize("planted", ALL, ids=lambda planted: planted.kind)
def test_json_and_repr_do_not_hide_a_secret(planted: Planted) -> None:
    """In a JSON file, a notebook's output or a repr the same secret is spelled with escapes."""
    for spelled in (
        json.dumps({"outputs": [{"text": ["\x1b[1m" + planted.text + "\x1b[0m\n"]}]}), repr(planted.text), json.dumps("\t" + planted.text), repr("\n" + planted.text + "\n"),
    ):  # fmt: skip
        redacted = Redactor("k").text(spelled)
        assert planted.core not in redacted, redacted
        if "\n" not in planted.text and spelled[0] in '{"' and planted.text.count('"') == 0:
            assert json.loads(redacted)


def test_equal_secrets_get_equal_marks_within_a_catalog() -> None:
    """The mark of a secret is the same in bold, in the middle of a text and alone; another catalog's is another."""
    token = ALL[2].text
    mark = Redactor("a").text(token)
    assert Redactor("a").text(f"\x1b[1m{token[:9]}\x1b[0m{token[9:]}").endswith(mark)
    assert Redactor("a").text(f"see {token}.") == f"see {mark}."
    assert Redactor("b").text(token) != mark


def test_marks_in_names_can_be_referred_to() -> None:
    """Names of projects, artifacts and aliases take no colon: their marks have none."""
    from artui.reference import check_name, parse

    for planted in ALL:
        if planted.text == planted.core:
            name = Redactor("k").name(planted.text)
            assert check_name(name, what="a project") and parse(f"{name}:v3").name == name
            assert Redactor("k").name(name) == name == Redactor("k").text(name)


@pytest.mark.parametrize("name", NAMES)
def test_values_are_taken_out_by_their_names(name: str) -> None:
    """A value without a form of its own is a secret where its name says so: as param, in mappings, in lists of variables."""
    redactor = Redactor("k")
    for value in ("CanaryValue99", "c4nary-value-77x", Draw(name).of(40, HEX)):
        for cleaned in (
            redactor.value(name, value), redactor.tree({"x": [{name: value}]}), redactor.tree({name: {"value": value, "desc": None}}), redactor.tree([{"name": name, "value": value}]),
            redactor.stored(json.dumps({"config": {name: value}})),
        ):  # fmt: skip
            assert value not in json.dumps(cleaned) and "<redacted:" in json.dumps(cleaned)


def test_numbers_are_secrets_only_as_pins_and_passwords() -> None:
    """`pin=4821` is one; `seed=4821`, `pin_memory=1` and `pin=4` are none."""
    redactor = Redactor("k")
    assert "redacted" in str(redactor.value("pin", 4821)) and "redacted" in str(redactor.value("db.password", 12345678))
    for name, value in (
        ("pin", 4),
        ("pin_memory", 1),
        ("seed", 4821),
        ("token", 50256),
        ("session", 20260101),
        ("salt", 17.5),
        ("password", True),
    ):
        assert redactor.value(name, value) == value


@pytest.mark.parametrize(
    ("name", "expected"),
    [("api_key", 2), ("apiKey", 2), ("OPENAI_API_KEY", 2), ("APIKey", 2), ("db.password", 2), ("hf_token", 2), ("token", 2), ("clientSecret", 2), ("x-auth-token", 2),
     ("session", 1), ("auth", 1), ("salt", 1), ("upload_key", 1), ("max_tokens", 0), ("pad_token", 0), ("eos-token", 0), ("tokenizer", 0), ("key", 0), ("model.key", 0),
     ("keyboard", 0), ("monkey", 0), ("secretary", 0), ("num_key_value_heads", 0), ("image_token", 0), ("num_keys", 0), ("primary_key", 0), ("sort_key", 0), ("foreignKey", 0),
     ("pin_memory", 0), ("author", 0), ("session_length", 0), ("salt_and_pepper", 0), ("token_count", 0), ("cookie_cutter", 0), ("spin", 0), ("path", 0), ("pattern", 0),
     ("secret_santa", 0), ("authors", 0), ("image_key", 0), ("monitor_key", 0), ("cache_key", 0), ("prng_key", 0), ("public_key", 0), ("patience", 0), ("hotkey", 0)],
)  # fmt: skip
def test_names_of_secrets(name: str, expected: int) -> None:
    """What a name says: tokens of a tokenizer, columns and methods are no secrets."""
    assert suspicion(name) is Suspicion(expected)


@pytest.mark.parametrize(
    ("path", "is_secret"),
    [(".env", True), ("conf/.env.local", True), (".netrc", True), ("id_rsa", True), ("certs/server.pem", True), (".git/config", True), ("config", False),
     (".docker/config.json", True), ("x/.kube/config", True), (".ssh/anything", True), (".ssh/deep/er", True), (".ssh/id_rsa.pub", False), ("secrets.yaml", True), ("secrets.py", True),
     ("secrets.toml", True), (".streamlit/secrets.toml", True), (".pypirc", True), (".aws/credentials", True), (".aws/config", True), (".config/gcloud/credentials.db", True),
     ("gcloud/application_default_credentials.json", True), ("application_default_credentials.json", True), (".config/gcloud/legacy_credentials/a@b/adc.json", True),
     (".azure/accessTokens.json", True), (".azure/msal_token_cache.json", True), (".azure/x", True), ("kaggle.json", True), (".kaggle/kaggle.json", True), ("rootkey.csv", True),
     ("ada_accessKeys.csv", True), ("terraform.tfstate", True), ("client_secret_1.apps.json", True), (".huggingface/token", True), (".config/gh/hosts.yml", True), ("Kubeconfig", True),
     ("id_rsa.pub", False), (".env.example", False), ("environment.json", False), ("model.safetensors", False), ("config.json", False), ("docker/config.json", False),
     ("tokenizer.json", False), ("special_tokens_map.json", False), ("secretary.csv", False), ("keys.csv", False), ("data/auth.json", False), ("configs/aws.yaml", False)],
)  # fmt: skip
def test_files_of_secrets(path: str, is_secret: bool) -> None:
    """Files that hold secrets by their names, or by the folders they lie in, are not picked up."""
    assert is_secret_file(path) is is_secret


def _ordinary() -> list[tuple[str, object]]:
    """Give 10,000 params as training code has them."""
    chance = random.Random(7)
    makers: list[Callable[[int], tuple[str, object]]] = [
        lambda n: ("commit", hashlib.sha1(str(n).encode()).hexdigest()), lambda n: ("data_hash", hashlib.sha256(str(n).encode()).hexdigest()), lambda n: ("git_sha", hashlib.md5(str(n).encode()).hexdigest()),
        lambda n: ("lr", chance.random()), lambda n: ("lr_text", f"{chance.random():.3e}"), lambda n: ("max_tokens", 512), lambda n: ("max_tokens", str(n)), lambda n: ("token_count", n),
        lambda n: ("ckpt", f"/data/user/token/run-{n}/ckpt-{n}.pt"), lambda n: ("data", f"s3://bucket-{n}/secret-santa/key/part-{n}.parquet"), lambda n: ("id", str(uuid.UUID(int=n * 7919, version=4))),
        lambda n: ("url", f"https://example.org/datasets/{n}?split=train&key=value&sort_key=name"), lambda n: ("model", f"meta-llama/Llama-3-{n}B-Instruct"), lambda n: ("model", f"sk-learn-random-forest-v{n}"),
        lambda n: ("text", f"num_tokens={n} max_tokens: {n} token_type=word key={n} --max-tokens {n} --tokenizer bert-base-{n}"), lambda n: ("eos_token", "<|endoftext|>"), lambda n: ("pad_token", "[PAD]"),
        lambda n: ("token", "<s>"), lambda n: ("digest", f"sha256:{hashlib.sha256(bytes(n % 99)).hexdigest()}"), lambda n: ("tags", f"sk-learn-{n} hf_model r8_small gsk_x npm_run pat_{n}"),
        lambda n: ("b64", base64.b64encode(hashlib.md5(str(n).encode()).digest()).decode()), lambda n: ("b64url", base64.urlsafe_b64encode(hashlib.sha512(str(n).encode()).digest()).decode()),
        lambda n: ("list", [n, n / 7, "adam"]), lambda n: ("clock", f"{n % 24:02}:{n % 60:02}:00 step {n} loss=0.{n}"), lambda n: ("remote", f"git@github.com:team/repo-{n}.git"),
        lambda n: ("monkey", f"banana{n}"), lambda n: ("keyboard", "qwerty-iso-105"), lambda n: ("num_keys", n), lambda n: ("pin_memory", True), lambda n: ("author", f"Ada Lovelace {n}"),
        lambda n: ("session_length", f"{n} minutes"), lambda n: ("salt_and_pepper", f"amount={n}"), lambda n: ("date", f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}T10:{n % 60:02}:00+00:00"),
        lambda n: ("session", chance.choice(["ses-01", "morning", "2026-01-02", f"S{n % 99:02}", "train", str(n)])), lambda n: ("auth", chance.choice(["none", "basic", "oauth2", "kerberos"])),
        lambda n: ("sort_key", "createdAt"), lambda n: ("primary_key", f"userId{n}"), lambda n: ("image_key", "pixelValues"), lambda n: ("monitor_key", "val/loss"), lambda n: ("key", "Aminor7flat5"),
        lambda n: ("batch_key", f"obs/{n}"), lambda n: ("upload_key", "models/latest"), lambda n: ("salt", chance.choice(["NaCl", "LiPF6", "sea", "coarse"])), lambda n: ("pat", "*.csv"), lambda n: ("pin", n % 40),
        lambda n: ("optimizer", f"AdamW(lr=1e-{n % 9}, betas=(0.9, 0.999), weight_decay=0.0{n})"), lambda n: ("cmd", f"python train.py --lr 0.{n} --key-dim 64 --tokens-per-batch {n} --no-auth --session train"),
        lambda n: ("prompt", "Use --password to set the password, or the token that your admin gave you."), lambda n: ("docs", "api_key=os.environ['API_KEY'], token=get_token(), password=args.password"),
        lambda n: ("docs", "set api_key: your-api-key, token: <token>, --token $HF_TOKEN, --api-key API_KEY"), lambda n: ("version", f"{n % 9}.{n % 13}.{n % 7}+cu121"), lambda n: ("shape", f"({n}, 3, 224, 224)"),
        lambda n: ("layer", f"transformer.h.{n}.attn.key.weight"), lambda n: ("path", f"C:\\new\\train\\run{n}\\x1b.txt"), lambda n: ("mail", f"ada.lovelace{n}@example.org"), lambda n: ("host", f"gpu{n}:8080/x@y"),
        lambda n: ("image", f"registry.example.org/team/train@sha256:{hashlib.sha256(str(n).encode()).hexdigest()}"), lambda n: ("arn", f"arn:aws:s3:::bucket{n}/key"), lambda n: ("mac", f"00:1b:{n % 90 + 10}:ff:aa:01"),
        lambda n: ("ulid", f"01J9Z3{n:020}"), lambda n: ("gpu", "GPU-" + str(uuid.UUID(int=n * 104729, version=4))), lambda n: ("column", f"secret_level_{n}"), lambda n: ("cookie_policy", "strict"),
    ]  # fmt: skip
    return [chance.choice(makers)(number) for number in range(10_000)]


def test_ordinary_params_are_left_alone() -> None:
    """Of 10,000 ordinary params none is changed: by value, by name, in a text, in JSON or under the name of another."""
    redactor = Redactor("k")
    touched: set[object] = set()
    for name, value in _ordinary():
        if redactor.value(name, value) != value:
            touched.add((name, value))
        text = value if isinstance(value, str) else json.dumps(value)
        for written in (text, json.dumps({name: value}), f"{name} = {text}", f"--{name} {text}", f"| {text}|"):
            if redactor.text(written) != written or redactor.stored(written) != written:
                touched.add(written)
    assert not touched


def test_hostile_texts_take_no_longer_than_their_length() -> None:
    """Nothing in a text makes looking through it slow: 2,000 letters of whatever beginnings take a tenth of a second at most.

    Or, on a machine that is busy, fifty times what ordinary words take at the same moment; the best of five tries counts.
    """
    redactor = Redactor("k")
    pieces = {"password=", "token: ", "-----BEGIN RSA PRIVATE KEY-----", "://a:", "--api-key ", "\x1b[1m", "\x1b[", "\\x1b", "key", "a_", "cookie: a=", "Authorization: Bearer ", "M" * 23, "\\", '"', "0123456789abcdef", "a.", "\x1b]"}  # fmt: skip
    for piece in sorted({*pieces, *(word for form in FORMATS for word in form.words)}):
        for text in (piece, piece + " ", piece + "a="):
            for number in range(5):
                seconds = _seconds(redactor, text, number)
                if seconds < 0.1 or seconds < 50 * _seconds(redactor, "the loss of this run ", number):
                    break
            else:
                raise AssertionError(f"{seconds:.3f} s for {text!r}")


def _seconds(redactor: Redactor, piece: str, number: int) -> float:
    """Measure 2,000 letters. Each time others, since what was looked through is remembered."""
    text = f"{number} {piece * 2_000}"[:2_000]
    began = time.process_time()
    redactor.text(text)
    return time.process_time() - began


@pytest.mark.parametrize(
    "words",
    [
        ("--token", "CanaryValue99"), ("--token=CanaryValue99",), ("-password", "CanaryValue99", "--epochs", "3"), ("API_KEY=CanaryValue99",),
        ("train.py", "hf_" + "aB" * 17), ("--header", "Authorization: Bearer CanaryValue99aaBB"),
    ],
    ids=str,
)  # fmt: skip
def test_command_lines_keep_all_but_their_secrets(words: tuple[str, ...]) -> None:
    """A value behind an option or a name of a secret is taken out; the other words stay as they are, in their places."""
    shown = Redactor("k").command(["python", *words, "--lr", "0.1"])

    assert "Canary" not in " ".join(shown) and "aBaB" not in " ".join(shown) and "<redacted:" in " ".join(shown)
    assert len(shown) == len(words) + 3 and (shown[0], shown[-2:]) == ("python", ["--lr", "0.1"])
    assert shown[1].partition("=")[0].partition(" ")[0] == words[0].partition("=")[0]


def test_options_that_follow_each_other_hide_no_word() -> None:
    """An option that has no value does not take the next option for it."""
    words = ["train", "--auth", "--seed", "1", "--no-token", "--", "x"]
    assert Redactor("k").command(words) == words


def test_private_keys_that_are_not_whole_are_noticed() -> None:
    """A block that has begun says where; one that has ended, and a text without one, say nothing."""
    begin, end = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
    assert begun_block(f"log\n{begin}\nMII") == 4
    assert begun_block(f"{begin}\nMII\n{end}\n") is None and begun_block("log") is None
    assert begun_block(f"{begin}\n{end}\n{begin}") == len(begin) + len(end) + 2


def test_table_has_the_kinds_that_are_promised() -> None:
    """At least sixty kinds are planted."""
    assert len(KINDS) >= 60 and len(NAMES) >= 40
