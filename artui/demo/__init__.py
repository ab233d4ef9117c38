"""The example project of `artui demo`: small, real, and recorded with the public API."""
