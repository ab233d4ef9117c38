"""Forms of secrets that their issuers publish: each with words of which every text with such a secret holds one.

Collected from detect-secrets (https://github.com/Yelp/detect-secrets), gitleaks (https://github.com/gitleaks/gitleaks)
and the providers' own documentation. A form is recognised by the prefix of its issuer; where there is none, the
name beside a value has to say it (`artui.secrets.names`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

# With letters right before or after it, it would be another word.
_WORD = r"(?<![A-Za-z0-9])"
_END = r"(?![A-Za-z0-9_\-])"
# For short prefixes that letters of base64 may spell by chance.
_APART = r"(?:(?<![A-Za-z0-9+])|(?<=^\+))"
_MIXED = r"(?=[A-Za-z]*[0-9])(?=[0-9a-z]*[A-Z])"

_TABLE: tuple[tuple[str, str, str], ...] = (
    # kind, words of which a text holds one, pattern
    ("private-key", "PRIVATE KEY|OpenVPN Static key", r"-----BEGIN (?:[A-Z0-9]+ )*(?:PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----(?:[\s\S]{0,20000}?-----END (?:[A-Z0-9]+ )*(?:PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----|[A-Za-z0-9+/=\s\\:,\-]{0,20000})"),
    ("private-key", "PuTTY-User-Key-File", r"PuTTY-User-Key-File-\d:[\s\S]{0,20000}?Private-MAC: ?[0-9a-f]+"),
    ("aws-key-id", "A3T|ABIA|ACCA|AKIA|ASIA", _WORD + r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])"),
    ("github-token", "ghp_|gho_|ghu_|ghs_|ghr_|github_pat_", _WORD + r"(?:gh[pousr]_[A-Za-z0-9_]{36,255}|github_pat_[A-Za-z0-9_]{22,255})"),
    ("gitlab-token", "glpat-|gldt-|glrt-|glptt-|glft-|glffct-|glsoat-|glimt-|glagent-|glcbt-|glwt-|GR1348941", _WORD + r"(?:gl(?:pat|dt|rt|ptt|ft|ffct|soat|imt|agent|cbt|wt)-[A-Za-z0-9_\-.]{20,120}|GR1348941[A-Za-z0-9_\-]{20,50})"),
    ("bitbucket-token", "ATBB|ATATT3|ATCTT3", _WORD + r"(?:ATBB[A-Za-z0-9]{24,60}|AT[AC]TT3[A-Za-z0-9_\-=]{60,250})" + _END),
    ("huggingface-token", "hf_|api_org_", _WORD + r"(?:hf_[A-Za-z0-9]{30,40}|api_org_[A-Za-z0-9]{30,40})" + _END),
    ("anthropic-key", "sk-ant-", _WORD + r"sk-ant-[A-Za-z0-9_\-]{20,200}"),
    ("openai-key", "sk-", _APART + r"sk-(?:proj-|svcacct-|admin-|None-|or-v1-|lf-)?(?=[A-Za-z_\-]{0,100}[0-9])(?=[\w\-]{0,100}?(?:[A-Za-z0-9_]{16}|[0-9a-f]{8}-[0-9a-f]{4}-))[A-Za-z0-9_\-]{20,250}" + _END),
    ("slack-token", "xox|xapp-|xwfp-", _WORD + r"(?:xox[abposre](?:\.xox[bp])?-[A-Za-z0-9\-]{10,250}|xapp-\d-[A-Za-z0-9\-]{20,250}|xwfp-[A-Za-z0-9\-]{20,250})"),
    ("webhook", "hooks.slack.com|/api/webhooks/|webhook.office.com|hooks.zapier.com|/bot/v2/hook/|/webhook/send?key=|maker.ifttt.com|chat.googleapis.com", r"https://(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_]{20,}|(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_\-]{40,}|[a-z0-9\-]+\.webhook\.office\.com/webhookb2/[A-Za-z0-9@/\-]{40,}|hooks\.zapier\.com/hooks/catch/\d+/[A-Za-z0-9/]+|open\.(?:feishu|larksuite)\.(?:cn|com)/open-apis/bot/v2/hook/[\w\-]{20,}|qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[\w\-]{20,}|maker\.ifttt\.com/trigger/\w+/(?:json/)?with/key/[\w\-]{20,}|chat\.googleapis\.com/v1/spaces/[\w\-]+/messages\?[^\s\"'<>\\\x00-\x1f\x7f]{30,})"),
    ("discord-token", "M|N|O", _APART + r"[MNO][A-Za-z\d_\-]{23,25}\.[A-Za-z\d_\-]{6}\.[A-Za-z\d_\-]{27,38}" + _END),
    ("jwt", "eyJ", _WORD + r"eyJ[A-Za-z0-9_\-=]{8,}\.[A-Za-z0-9_\-=]{8,}\.?[A-Za-z0-9_\-.+/=]*"),
    ("neptune-token", "eyJhcGlfYWRkcmVzcyI6", r"eyJhcGlfYWRkcmVzcyI6[A-Za-z0-9+/=_\-]{20,}"),
    ("npm-token", "npm_", _WORD + r"npm_[A-Za-z0-9]{36}" + _END),
    ("npm-token", "_authToken|_auth|_password", r"(?<=_authToken=)[A-Za-z0-9\-_.=+/]{20,}|(?<=:_auth=)[A-Za-z0-9+/=]{8,}|(?<=:_password=)[\"']?[^\s\"'\\\x00-\x1f\x7f]{6,}"),
    ("pypi-token", "pypi-", _WORD + r"pypi-AgE[A-Za-z0-9_\-]{50,}"),
    ("rubygems-key", "rubygems_", _WORD + r"rubygems_[a-f0-9]{48}" + _END),
    ("crates-token", "cio", _APART + r"cio[A-Za-z0-9]{32}" + _END),
    ("nuget-key", "oy2", _APART + r"oy2[a-z0-9]{43}" + _END),
    ("clojars-token", "CLOJARS_", _WORD + r"CLOJARS_[A-Za-z0-9]{60}" + _END),
    ("docker-token", "dckr_pat_|dckr_oat_", _WORD + r"dckr_[po]at_[A-Za-z0-9_\-]{20,64}"),
    ("vault-token", "hvs.|hvb.|hvr.", _APART + r"hv[sbr]\.[A-Za-z0-9_\-]{20,300}"),
    ("terraform-token", ".atlasv1.", _WORD + r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=\-]{60,80}"),
    ("pulumi-token", "pul-", _APART + r"pul-[a-f0-9]{40}" + _END),
    ("stripe-key", "k_live_|k_test_|whsec_", _WORD + r"(?:(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9+/=]{24,})"),
    ("square-secret", "sq0csp|sq0atp|sq0idp|EAAA", _APART + r"(?:sq0(?:csp|atp|idp)-[A-Za-z0-9_\-]{22,50}|EAAA[A-Za-z0-9_\-]{60})" + _END),
    ("braintree-token", "access_token$production$", r"access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    ("shopify-token", "shpat_|shpca_|shppa_|shpss_", _WORD + r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}" + _END),
    ("sendgrid-key", "SG.", _APART + r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{16,64}" + _END),
    ("telegram-token", ":AA", r"(?<![0-9])\d{8,10}:AA[A-Za-z0-9_\-]{31,35}" + _END),
    ("firebase-key", "AAAA", _APART + r"AAAA[A-Za-z0-9_\-]{7}:[A-Za-z0-9_\-]{120,160}"),
    ("twilio-key", "AC|SK", _APART + r"(?:AC|SK)[0-9a-f]{32}" + _END),
    ("mailchimp-key", "-us", _WORD + r"[0-9a-f]{32}-us[0-9]{1,2}" + _END),
    ("mailgun-key", "key-|pubkey-", r"(?<![A-Za-z0-9_\-])(?:pub)?key-[0-9a-f]{32}" + _END),
    ("sendinblue-key", "xkeysib-|xsmtpsib-", _WORD + r"x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}" + _END),
    ("google-api-key", "AIza", _APART + r"AIza[0-9A-Za-z_\-]{35}" + _END),
    ("google-oauth", "ya29.|GOCSPX-|1//0", _APART + r"(?:ya29\.[0-9A-Za-z_\-]{20,}|GOCSPX-[A-Za-z0-9_\-]{20,40}|1//0[A-Za-z0-9_\-]{40,})"),
    ("google-key", "private_key_id", r"(?<=private_key_id)\\?[\"']\s*:\s*\\?[\"'][0-9a-f]{16,64}"),
    ("azure-key", "AccountKey=|SharedAccessKey=|SharedAccessSignature", r"(?<=AccountKey=)[A-Za-z0-9+/]{40,90}={0,2}|(?<=SharedAccessKey=)[A-Za-z0-9+/]{20,90}={0,2}"),
    ("azure-sas", "sig=", r"(?<=[?&]sig=)[A-Za-z0-9%+/]{40,}={0,2}"),
    ("azure-secret", "Q~", r"(?<![\w~.\-])[A-Za-z0-9_~.\-]{3}[78]Q~[A-Za-z0-9_~.\-]{31,34}(?![\w~\-])"),
    ("azure-devops-token", "AZDO", _WORD + r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}" + _END),
    ("signed-url", "ignature=|SIGNATURE=", r"(?i)(?<=X-Amz-Signature=)[0-9a-f]{64}|(?<=X-Goog-Signature=)[0-9a-f]{64,}|(?<=[?&]Signature=)[A-Za-z0-9%~_\-+/]{20,}"),
    ("aws-session-token", "Security-Token=", r"(?<=Security-Token=)[A-Za-z0-9%+/=]{40,}"),
    ("digitalocean-token", "dop_v1_|doo_v1_|dor_v1_", _WORD + r"do[opr]_v1_[a-f0-9]{64}" + _END),
    ("heroku-key", "HRKU-", _WORD + r"HRKU-[A-Za-z0-9_\-]{36,80}"),
    ("fly-token", "fm1_|fm2_|fm1r_|fm1a_|fo1_", _WORD + r"(?:fm(?:1r|1a|1|2)_[A-Za-z0-9+/]{40,}=*|fo1_[A-Za-z0-9_\-]{40,})"),
    ("netlify-token", "nfp_", _WORD + r"nfp_[A-Za-z0-9]{32,44}" + _END),
    ("cloudflare-key", "v1.0-", _APART + r"v1\.0-[0-9a-f]{24}-[0-9a-f]{100,160}"),
    ("render-key", "rnd_", _WORD + r"rnd_(?=[A-Za-z]*[0-9])[A-Za-z0-9]{28,36}" + _END),
    ("supabase-key", "sbp_|sb_secret_", _WORD + r"(?:sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_\-]{20,60})" + _END),
    ("planetscale-key", "pscale_", _WORD + r"pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=\-]{32,64}"),
    ("neon-key", "napi_", _WORD + r"napi_[a-z0-9]{40,80}" + _END),
    ("databricks-token", "dapi", _WORD + r"dapi[a-f0-9]{32}(?:-\d)?" + _END),
    ("doppler-token", "dp.", _APART + r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_\-]{2,35}\.)?[A-Za-z0-9]{40,44}" + _END),
    ("cloudant-url", "cloudant.com", r"(?<=://)[A-Za-z0-9\-]{10,}:[0-9a-f]{64}(?=@[\w\-]+\.cloudant\.com)"),
    ("age-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}" + _END),
    ("linear-key", "lin_api_|lin_oauth_", _WORD + r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}" + _END),
    ("notion-token", "ntn_|secret_", _WORD + r"(?:ntn_[A-Za-z0-9]{40,60}|secret_(?=[A-Za-z]*[0-9])[A-Za-z0-9]{43})" + _END),
    ("airtable-token", "pat", _APART + r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}" + _END),
    ("figma-token", "figd_|figo_", _WORD + r"fig[do]_[A-Za-z0-9_\-]{36,60}"),
    ("postman-key", "PMAK-", _WORD + r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}" + _END),
    ("contentful-token", "CFPAT-", _WORD + r"CFPAT-[A-Za-z0-9_\-]{40,60}"),
    ("easypost-key", "EZAK|EZTK", _WORD + r"EZ[AT]K[A-Za-z0-9]{54}" + _END),
    ("tailscale-key", "tskey-", _WORD + r"tskey-(?:[a-z]+-)?[A-Za-z0-9]{8,}-[A-Za-z0-9]{16,}" + _END),
    ("onepassword-token", "ops_eyJ", _WORD + r"ops_eyJ[A-Za-z0-9+/=_\-]{80,}"),
    ("sonar-token", "sqp_|squ_|sqa_", _WORD + r"sq[apu]_[a-f0-9]{40}" + _END),
    ("jfrog-key", "AKCp|cmVmdGtu", _APART + r"(?:AKCp[A-Za-z0-9]{60,75}|cmVmdGtu[A-Za-z0-9]{50,64})" + _END),
    ("prefect-key", "pnu_|pnb_", _WORD + r"pn[bu]_[A-Za-z0-9]{36}" + _END),
    ("shippo-token", "shippo_", _WORD + r"shippo_(?:live|test)_[a-f0-9]{40}" + _END),
    ("facebook-token", "EAAC|EAAB|EAAG", _APART + r"EAA[A-Z][A-Za-z0-9]{60,300}" + _END),
    ("twitter-bearer", "AAAAAAAAAAAAAAAAAAAAA", _APART + r"A{21}[A-Za-z0-9%]{80,120}" + _END),
    ("twitch-token", "oauth:", r"(?<=oauth:)[a-z0-9]{30}" + _END),
    ("typeform-token", "tfp_", _WORD + r"tfp_[A-Za-z0-9_.=\-]{40,64}"),
    ("yandex-key", "AQVN", _APART + r"AQVN[A-Za-z0-9_\-]{35,38}" + _END),
    ("alibaba-key", "LTAI", _WORD + r"LTAI[A-Za-z0-9]{12,24}" + _END),
    ("tencent-key", "AKID", _WORD + r"AKID[A-Za-z0-9]{32}" + _END),
    ("newrelic-key", "NRAK-|NRII-|NRIQ-|NRJS-|NRAA-", _WORD + r"NR(?:AK|II|IQ|JS|AA)-[A-Za-z0-9_\-]{19,42}"),
    ("grafana-token", "glsa_|glc_eyJ", _WORD + r"(?:glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_eyJ[A-Za-z0-9+/=_\-]{28,})"),
    ("dynatrace-token", "dt0", _WORD + r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}" + _END),
    ("sentry-token", "sntrys_|sntryu_", _WORD + r"sntry[su]_[A-Za-z0-9_=+/\-]{60,}"),
    ("sentry-dsn", "://", r"(?<=://)[0-9a-f]{32}(?=@)"),
    ("groq-key", "gsk_", _WORD + r"gsk_[A-Za-z0-9]{40,60}" + _END),
    ("replicate-token", "r8_", _WORD + r"r8_[A-Za-z0-9]{37,40}" + _END),
    ("perplexity-key", "pplx-", _WORD + r"pplx-[A-Za-z0-9]{40,64}" + _END),
    ("xai-key", "xai-", _WORD + r"xai-[A-Za-z0-9_\-]{60,100}" + _END),
    ("together-key", "tgp_v1_", _WORD + r"tgp_v1_[A-Za-z0-9_\-]{40,64}" + _END),
    ("fireworks-key", "fw_", _WORD + r"fw_" + _MIXED + r"[A-Za-z0-9]{20,28}" + _END),
    ("nvidia-key", "nvapi-", _WORD + r"nvapi-[A-Za-z0-9_\-]{40,90}"),
    ("langsmith-key", "lsv2_", _WORD + r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{6,16}" + _END),
    ("pinecone-key", "pcsk_", _WORD + r"pcsk_[A-Za-z0-9_]{40,90}" + _END),
    ("tavily-key", "tvly-", _WORD + r"tvly-(?:dev-|prod-)?(?=[A-Za-z]*[0-9])[A-Za-z0-9]{28,40}" + _END),
    ("jina-key", "jina_", _WORD + r"jina_[a-f0-9]{32}[A-Za-z0-9_\-]{20,40}" + _END),
    ("voyage-key", "pa-", _APART + r"pa-" + _MIXED + r"[A-Za-z0-9_\-]{43}" + _END),
    ("kaggle-key", "KGAT_|\"key\"|'key'", r"(?<![A-Za-z0-9])KGAT_[0-9a-f]{32}" + _END + r"|(?<=[\"']key[\"']: [\"'])[0-9a-f]{32}(?=[\"'])|(?<=[\"']key[\"']:[\"'])[0-9a-f]{32}(?=[\"'])"),
    ("wandb-key", "wandb|WANDB", r"(?i)(?<=wandb_api_key[=:])\s*[0-9a-f]{40}|(?<=wandb login )[0-9a-f]{40}|(?<![A-Za-z0-9])wandb_v\d_[A-Za-z0-9_]{40,120}"),
    ("password", "://", r"(?<=://)[^\s/:@\"'<>\\\x00-\x1f\x7f]{0,200}:[^\s/@\"'<>\\\x00-\x1f\x7f]{1,200}(?=@[\w\[])"),
    ("password", "login", r"(?i)(?<![A-Za-z])login\s{1,5}[^\s\\\x00-\x1f\x7f]{1,100}\s{1,5}password\s{1,5}(?P<secret>[^\s\"'<>)\\\x00-\x1f\x7f]{1,400})"),
    ("password", "curl|wget|http", r"(?<=\s-u )[\"']?[^\s:\"'\\\x00-\x1f\x7f]{1,100}:[^\s\"'\\\x00-\x1f\x7f]{3,200}|(?<=\s--user )[\"']?[^\s:\"'\\\x00-\x1f\x7f]{1,100}:[^\s\"'\\\x00-\x1f\x7f]{3,200}"),
    ("authorization", "uthorization|UTHORIZATION", r"(?i)authorization[\"'\\]{0,3}\s{0,2}[:=]\s{0,2}[\"'\\]{0,3}(?:bearer|basic|token|digest|apikey|negotiate|aws4-hmac-sha256)\s{1,4}(?P<secret>[^\s\"'<>\\\x00-\x1f\x7f]{6,4000}(?:,?\s[A-Za-z]{1,40}=[^\s\"'\\\x00-\x1f\x7f]{1,4000}){0,20})"),
    ("bearer", "earer|EARER", r"(?i)(?<=bearer )(?=[A-Za-z_.\-]*[0-9])[A-Za-z0-9_\-.~+/]{16,}=*"),
    ("cookie", "ookie:|OOKIE:", r"(?i)(?<![A-Za-z])(?:set-)?cookie:\s{0,3}(?P<secret>[^\s\"'=;<>\\\x00-\x1f\x7f]{1,80}=[^\s\"'<>;\\\x00-\x1f\x7f]{1,4000}(?:;\s{0,2}[^\s\"'=;<>\\\x00-\x1f\x7f]{1,80}(?:=[^\s\"'<>;\\\x00-\x1f\x7f]{0,4000})?){0,100})"),
    ("session-cookie", "sess|SESS|sid=", r"(?i)(?<![A-Za-z0-9])(?:phpsessid|jsessionid|asp\.net_sessionid|connect\.sid|sessionid|session_cookie|csrftoken|xsrf-token)=[A-Za-z0-9%._:\-+/]{8,}=*"),
    ("api-key", "-key:|-Key:|-token:|-Token:|-KEY:|-TOKEN:", r"(?i)(?:api-?key|auth-token|access-token|subscription-key|private-token|csrf-token|functions-key|vault-token|security-token):\s{0,3}(?P<secret>[^\s\"'<>,\\\x00-\x1f\x7f]{8,4000})"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Format:
    """What one kind of secret looks like."""

    kind: str
    words: tuple[str, ...]
    """A text without any of them holds no such secret: a much faster test than the pattern."""
    source: str
    """Source of the pattern; its group `secret` is the secret, or the whole match if there is no such group."""

    def find(self, text: str) -> list[tuple[int, int]]:
        """Give start and end of each secret of this form."""
        if not any(word in text for word in self.words):
            return []
        pattern = _compiled(self.source)
        group = "secret" if "secret" in pattern.groupindex else 0
        return [match.span(group) for match in pattern.finditer(text)]


@cache
def _compiled(source: str) -> re.Pattern[str]:
    # Compiled when the first text may hold one: a training script never needs most of them.
    return re.compile(source, re.MULTILINE)


FORMATS = tuple(Format(kind, tuple(words.split("|")), source) for kind, words, source in _TABLE)


def _any_of(words: list[str]) -> str:
    """Write a pattern for any of some words that looks at each letter of a text about once: as a tree of their beginnings."""
    if "" in words:
        return ""
    beginnings = sorted({word[0] for word in words})
    parts = [re.escape(first) + _any_of([word[1:] for word in words if word[0] == first]) for first in beginnings]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


_LOOSE = frozenset({"M", "N", "O", "AC", "SK", "-us", "dp."})
"""Too common by themselves: HINT looks for them together with what has to follow."""
_TREE = _any_of([word for form in FORMATS for word in form.words if word not in _LOOSE])
HINT = re.compile(_TREE + r"|(?:AC|SK)[0-9a-f]{32}|-us\d|dp\.[a-z]{2,5}\.|\.(?<=[A-Za-z\d_\-]{20}\.)[A-Za-z\d_\-]{6}\.")
"""Every text with a secret of one of the forms matches this somewhere: most texts do not, and need no further look."""
_WORDS_WITHIN = re.compile(f"(?=({_TREE}))")
_OF_LOOSE_WORDS = tuple(form for form in FORMATS if not _LOOSE.isdisjoint(form.words))


def formats_within(text: str) -> Iterable[Format]:
    """Give the forms of which a text holds a word: for a short text much faster than trying every form."""
    form_by_source = {form.source: form for form in _OF_LOOSE_WORDS}
    for match in _WORDS_WITHIN.finditer(text):
        for form in _formats_from(match[1]):
            form_by_source[form.source] = form
    return form_by_source.values()


@cache
def _formats_from(word: str) -> tuple[Format, ...]:
    # The tree ends at the shortest of words that begin alike.
    return tuple(form for form in FORMATS if any(longer.startswith(word) for longer in form.words))


@cache
def begun() -> re.Pattern[str]:
    """Give the pattern of a secret at the end of a text whose rest may follow later."""
    words = {word for form in FORMATS for word in form.words}
    telling_words = [
        word for word in words if re.fullmatch(r"[A-Za-z0-9]{2,}[A-Za-z0-9_]*[_\-.]|AKIA|ASIA|AIza|eyJ|LTAI|AKID", word)
    ]
    return re.compile(rf"(?<![A-Za-z0-9])(?:{_any_of(telling_words)})[A-Za-z0-9_\-.+/=%~]{{0,400}}\Z")
