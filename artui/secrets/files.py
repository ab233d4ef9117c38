"""Files whose names mark them as secrets: they are left out of saved folders, and kept only if named themselves."""

from __future__ import annotations

import fnmatch
import re
from functools import cache

_NAMES = (
    ".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".pypirc", ".npmrc", ".yarnrc.yml", ".pgpass", "pgpass.conf", ".my.cnf", ".mylogin.cnf", ".git-credentials",
    ".htpasswd", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "*.asc.key",
    "credentials", "credentials.json", "credentials.toml", "credentials.yaml", "credentials.yml", "credentials.ini", "credentials.csv", "credentials.db", "access_tokens.db",
    "*_credentials.csv", "*_accesskeys.csv", "accesskeys.csv", "rootkey.csv", "secret.json", "secret.yaml", "secret.yml", "secret.toml", "secrets.*", "*.secret", "*.secrets", ".secrets", ".secrets.*",
    "service-account*.json", "service_account*.json", "serviceaccount*.json", "*-service-account.json", "application_default_credentials.json", "adc.json", "client_secret*.json",
    "kubeconfig", "kubeconfig.*", "*.kubeconfig", "token.json", "token.pickle", "kaggle.json", ".vault-token", "*.ovpn", "msal_token_cache.*", "azureprofile.json", "accesstokens.json",
    "service_principal_entries.*", ".dockercfg", ".boto", ".s3cfg", ".passwd-s3fs", ".databrickscfg", ".terraformrc", "terraform.tfstate", "terraform.tfstate.backup", "*.tfvars",
    ".rclone.conf", "rclone.conf", ".bash_history", ".zsh_history", ".python_history", ".psql_history", ".mysql_history", "wandb_api_key*", ".wandb_api_key*",
)  # fmt: skip
_IN_FOLDERS = (
    (".git", ("config", "credentials")), (".docker", ("config.json",)), (".kube", ("*",)), (".ssh", ("*",)), (".gnupg", ("*",)), (".aws", ("*",)), (".azure", ("*",)),
    ("gcloud", ("*.db", "*.json", "credentials*", "access_tokens*")), ("legacy_credentials", ("*",)), (".huggingface", ("token", "stored_tokens")), ("huggingface", ("token", "stored_tokens")),
    (".kaggle", ("*",)), (".secrets", ("*",)), (".config/gh", ("hosts.yml",)), ("gh", ("hosts.yml",)), (".oci", ("*",)), (".bluemix", ("*",)), (".ngc", ("config",)),
    (".streamlit", ("secrets.toml",)), (".m2", ("settings*.xml",)), (".gem", ("credentials",)), (".cargo", ("credentials*",)), ("containers", ("auth.json",)), (".terraform.d", ("credentials*",)),
)  # fmt: skip
"""Folders, anywhere on the way to a file, with the files in them that are left out."""
_HARMLESS = (
    "*.pub",
    ".env.example",
    ".env.sample",
    ".env.template",
    "example.env",
    "known_hosts",
    "known_hosts.old",
    "*.example",
    "*.sample",
    "*.template",
)


def is_secret_file(path: str) -> bool:
    """Say whether the name of a file, or the folders on its path, mark it as a secret."""
    *folders, name = path.replace("\\", "/").lower().split("/")
    if _any_of(_HARMLESS).match(name):
        return False
    if _any_of(_NAMES).match(name):
        return True
    return any(folder in folders and _any_of(names).match(name) for folder, names in _IN_FOLDERS)


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)))
