"""Secrets to plant: one maker a kind, put together from parts, since scanners of code hosts read tests too."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
WORD = LETTERS + "0123456789"
HEX = "0123456789abcdef"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
BASE64 = WORD + "+/"
URLSAFE = WORD + "_-"


@dataclass(frozen=True, slots=True)
class Planted:
    """A secret as it is written somewhere, and the part of it that nobody may see."""

    kind: str
    text: str
    core: str


class Draw:
    """Draws letters: the same for the same seed, and some of each sort, as real ones have."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)

    def of(self, count: int, letters: str = WORD) -> str:
        drawn = [self._chance.choice(letters) for _ in range(count)]
        sorts = [[letter for letter in letters if is_sort(letter)] for is_sort in (str.isdigit, str.isupper, str.islower)]  # fmt: skip
        for place, sort in zip(self._chance.sample(range(min(count, 16)), min(3, count)), sorts, strict=False):
            if sort:
                drawn[place] = self._chance.choice(sort)
        for end in (0, -1):  # a dash at an end may be left, and is no harm
            if drawn[end] in "-_+/":
                drawn[end] = "x" if "x" in letters else "a"
        return "".join(drawn)


Maker = Callable[[Draw], str | tuple[str, str]]
"""Gives the secret, or what is planted with its core."""


def _key_block(d: Draw, title: str) -> tuple[str, str]:
    lines = [d.of(64, BASE64) for _ in range(4)]
    return f"-----{'BE'}GIN {title}-----\n" + "\n".join(lines) + f"\n-----END {title}-----", lines[2]


def _service_account(d: Draw) -> tuple[str, str]:
    body = [d.of(64, BASE64) for _ in range(3)]
    key = f"-----{'BE'}GIN PRIVATE KEY-----\\n" + "\\n".join(body) + "\\n-----END PRIVATE KEY-----\\n"
    return f'{{"type": "service_account", "private_key_id": "{d.of(40, HEX)}", "private_key": "{key}"}}', body[1]


def _in(before: str, secret: str, after: str = "") -> tuple[str, str]:
    return before + secret + after, secret


KINDS: dict[str, Maker] = {
    "aws key id": lambda d: "AK" + "IA" + d.of(16, "ABCDEFGHIJKLMNOP234567"),
    "aws secret key": lambda d: _in("aws_secret_access_key = ", d.of(40, BASE64)),
    "github classic": lambda d: "gh" + "p_" + d.of(36),
    "github app": lambda d: "gh" + "s_" + d.of(36),
    "github fine-grained": lambda d: "github" + "_pat_" + d.of(22) + "_" + d.of(59),
    "gitlab": lambda d: "gl" + "pat-" + d.of(20, URLSAFE),
    "bitbucket": lambda d: "ATB" + "B" + d.of(24) + d.of(8, "0123456789ABCDEF"),
    "atlassian": lambda d: "ATA" + "TT3" + d.of(180, URLSAFE),
    "hugging face": lambda d: "h" + "f_" + d.of(34, LETTERS),
    "openai": lambda d: "s" + "k-" + d.of(20) + "T3Blbk" + "FJ" + d.of(20),
    "openai project": lambda d: "s" + "k-proj-" + d.of(60),
    "anthropic": lambda d: "sk-" + "ant-api03-" + d.of(80, URLSAFE),
    "openrouter": lambda d: "sk-" + "or-v1-" + d.of(64, HEX),
    "slack bot": lambda d: "xo" + f"xb-{d.of(12, '123456789')}-{d.of(12, '123456789')}-" + d.of(24),
    "slack app": lambda d: "xa" + f"pp-1-A{d.of(10, UPPER)}-{d.of(12, '123456789')}-" + d.of(64, HEX),
    "slack webhook": lambda d: "https://hooks." + "slack.com/services/T00000000/B00000000/" + d.of(24),
    "discord webhook": lambda d: "https://discord.com/api/" + "webhooks/123456789/" + d.of(68),
    "teams webhook": lambda d: "https://team.webhook." + f"office.com/webhookb2/{d.of(36, HEX)}@{d.of(36, HEX)}/IncomingWebhook/" + d.of(32, HEX),
    "discord bot": lambda d: "M" + d.of(25) + "." + d.of(6) + "." + d.of(38),
    "jwt": lambda d: "ey" + f"J{d.of(30)}.ey" + f"J{d.of(40)}." + d.of(43),
    "npm": lambda d: "np" + "m_" + d.of(36),
    "npmrc": lambda d: _in("//registry.npmjs.org/:_auth" + "Token=", d.of(36)),
    "pypi": lambda d: "pyp" + "i-AgEIcHlwaS5vcmc" + d.of(100),
    "rubygems": lambda d: "ruby" + "gems_" + d.of(48, HEX),
    "docker": lambda d: "dckr" + "_pat_" + d.of(27),
    "vault": lambda d: "hv" + "s." + d.of(90),
    "terraform": lambda d: d.of(14) + ".atlas" + "v1." + d.of(64),
    "pulumi": lambda d: "pu" + "l-" + d.of(40, HEX),
    "stripe": lambda d: "sk" + "_live_" + d.of(24),
    "stripe webhook": lambda d: "wh" + "sec_" + d.of(32),
    "square": lambda d: "sq0" + "csp-" + d.of(43),
    "shopify": lambda d: "shp" + "at_" + d.of(32, HEX),
    "sendgrid": lambda d: "S" + f"G.{d.of(22)}." + d.of(43),
    "mailgun": lambda d: "ke" + "y-" + d.of(32, HEX),
    "mailchimp": lambda d: d.of(32, HEX) + "-us" + "12",
    "brevo": lambda d: "xkey" + f"sib-{d.of(64, HEX)}-" + d.of(16),
    "telegram": lambda d: d.of(9, "123456789") + ":A" + "A" + d.of(33, URLSAFE),
    "twilio": lambda d: "S" + "K" + d.of(32, HEX),
    "google api": lambda d: "AI" + "za" + d.of(35, URLSAFE),
    "google oauth": lambda d: "ya2" + "9." + d.of(60, URLSAFE),
    "google client secret": lambda d: "GOC" + "SPX-" + d.of(28),
    "google refresh": lambda d: "1/" + "/0" + d.of(60),
    "google service account": _service_account,
    "azure storage": lambda d: _in("DefaultEndpointsProtocol=https;AccountName=x;Account" + "Key=", d.of(86, BASE64) + "=="),
    "azure sas": lambda d: _in("https://x.blob.core.windows.net/c?sv=2022&si" + "g=", d.of(43) + "%3D"),
    "azure client secret": lambda d: d.of(3) + "8" + "Q~" + d.of(34),
    "s3 signed url": lambda d: _in("https://b.s3.amazonaws.com/x?X-Amz-Sig" + "nature=", d.of(64, HEX)),
    "digitalocean": lambda d: "dop" + "_v1_" + d.of(64, HEX),
    "databricks": lambda d: "dap" + "i" + d.of(32, HEX),
    "netlify": lambda d: "nf" + "p_" + d.of(36),
    "supabase": lambda d: "sb" + "p_" + d.of(40, HEX),
    "planetscale": lambda d: "psc" + "ale_tkn_" + d.of(43),
    "doppler": lambda d: "d" + "p.pt." + d.of(43),
    "age": lambda d: "AGE-SEC" + "RET-KEY-1" + d.of(58, UPPER),
    "linear": lambda d: "lin" + "_api_" + d.of(40),
    "notion": lambda d: "nt" + "n_" + d.of(46),
    "airtable": lambda d: "pa" + "t" + d.of(14) + "." + d.of(64, HEX),
    "figma": lambda d: "fig" + "d_" + d.of(40),
    "postman": lambda d: "PM" + f"AK-{d.of(24, HEX)}-" + d.of(34, HEX),
    "tailscale": lambda d: "tsk" + f"ey-auth-{d.of(12)}-" + d.of(32),
    "new relic": lambda d: "NR" + "AK-" + d.of(27, UPPER),
    "grafana": lambda d: "gl" + f"sa_{d.of(32)}_" + d.of(8, HEX),
    "dynatrace": lambda d: "dt0" + f"c01.{d.of(24, UPPER)}." + d.of(64, UPPER),
    "sentry": lambda d: "sntr" + "yu_" + d.of(64, HEX),
    "groq": lambda d: "gs" + "k_" + d.of(52),
    "replicate": lambda d: "r" + "8_" + d.of(37),
    "perplexity": lambda d: "ppl" + "x-" + d.of(48),
    "nvidia": lambda d: "nva" + "pi-" + d.of(64),
    "langsmith": lambda d: "lsv" + f"2_pt_{d.of(32, HEX)}_" + d.of(10, HEX),
    "pinecone": lambda d: "pc" + "sk_" + d.of(70),
    "kaggle file": lambda d: _in('{"username":"ada","key":"', d.of(32, HEX), '"}'),
    "kaggle variable": lambda d: _in("KAGGLE" + "_KEY=", d.of(32, HEX)),
    "wandb": lambda d: _in("WANDB_API" + "_KEY=", d.of(40, HEX)),
    "wandb login": lambda d: _in("wandb login ", d.of(40, HEX)),
    "neptune": lambda d: "eyJhcGlfYWRk" + "cmVzcyI6" + d.of(60),
    "alibaba": lambda d: "LT" + "AI" + d.of(20),
    "private key": lambda d: _key_block(d, "RSA PRIVATE KEY"),
    "openssh key": lambda d: _key_block(d, "OPENSSH PRIVATE KEY"),
    "pgp key": lambda d: _key_block(d, "PGP PRIVATE KEY BLOCK"),
    "password in a URL": lambda d: _in("https://ada:", d.of(14), "@example.org/x"),
    "token in a remote": lambda d: _in("https://", d.of(20), ":x-oauth-basic@github.example/team/repo.git"),
    "database URL": lambda d: _in("postgresql+psycopg2://svc:", d.of(16), "@db:5432/x"),
    "redis URL": lambda d: _in("redis://:", d.of(16), "@cache:6379/0"),
    "connection string": lambda d: _in("Server=db;Database=x;User Id=sa;Pass" + "word=", d.of(14), ";"),
    "bearer": lambda d: _in("Authorization: Bear" + "er ", d.of(40)),
    "basic": lambda d: _in("Authorization: Bas" + "ic ", base64.b64encode(f"ada:{d.of(20)}".encode()).decode().rstrip("=")),
    "json header": lambda d: _in('{"Authorization": "Bear' + 'er ', d.of(40), '"}'),
    "x-api-key": lambda d: _in("X-Api-" + "Key: ", d.of(32)),
    "cookie": lambda d: _in("Coo" + "kie: theme=dark; sessionid=", d.of(32)),
    "set-cookie": lambda d: _in("Set-Coo" + "kie: sid=", d.of(32), "; Path=/; HttpOnly"),
    "curl user": lambda d: _in("curl -u ada:", d.of(16), " https://example.org"),
    "netrc line": lambda d: _in("machine example.org login ada pass" + "word ", d.of(16)),
    "flag": lambda d: _in("train.py --api-" + "key ", d.of(16)),
    "flag with equals": lambda d: _in("train.py --hub-tok" + "en=", d.of(24), " --lr 0.1"),
    "flag password": lambda d: _in("mysql --pass" + "word ", d.of(12), " -h db"),
    "assignment": lambda d: _in("api_" + "key = '", d.of(24), "'"),
    "json": lambda d: _in('"client_' + 'secret": "', d.of(30), '"'),
    "yaml": lambda d: _in("pass" + "word: Tr0ub4", d.of(8)),
    "export": lambda d: _in("export DB_PASS" + "WORD=", d.of(12)),
    "encryption key": lambda d: _in("encryption_" + 'key: "', d.of(32), '"'),
    "query": lambda d: _in("https://api.example.org/v1?access_tok" + "en=", d.of(30), "&page=2"),
}  # fmt: skip

NAMES = [
    "auth", "authorization", "http.auth", "bearer", "cookie", "session_cookie", "session", "db_session", "pat", "github_pat", "conn_str", "connection_string",
    "ssh_key", "encryption_key", "signing_key", "deploy_key", "wandb_key", "upload_key", "masterKey", "webhook", "slack_webhook", "webhook_url", "otp", "pin", "salt",
    "password_salt", "jwt", "password", "db.password", "dbPassword", "secret", "client_secret", "api_key", "OPENAI_API_KEY", "apikey", "hf_token", "credentials",
    "passphrase", "aws_secret_access_key", "private_key_id", "dsn", "access_key", "license_key", "sas_token", "creds", "pwd",
]  # fmt: skip
"""Names that say that what stands beside them is a secret."""


def plant(place: str) -> list[Planted]:
    """Make a secret of each kind for one place: no two places have one in common."""
    made = []
    for kind, maker in KINDS.items():
        secret = maker(Draw(f"{place}/{kind}"))
        text, core = (secret, secret) if isinstance(secret, str) else secret
        made.append(Planted(kind, text, core))
    return made


def plant_named(place: str) -> list[tuple[str, str]]:
    """Make (name, value) pairs whose values have no form of their own."""
    return [(name, "Canary" + Draw(f"{place}/{name}").of(8)) for name in NAMES]
