"""Base64 in Secrets and ConfigMaps, read as Go reads it and written in one form."""

import base64


def decode(text: str) -> bytes:
    """Line ends are passed over, all else must be right. Raises ValueError, which names no content."""
    return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()
