"""The example project of `artui demo`: small, real, and recorded as its user would."""
