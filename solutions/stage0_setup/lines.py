"""From a text to the bytes that go over a wire."""


def as_line(text: str) -> bytes:
    r"""One line, as RFC 5198 requires: the text in UTF-8, then CR LF.

    as_line("poem") is b"poem\r\n".
    """
    ### BEGIN SOLUTION Step 1: encode the text, and add CR LF
    return text.encode("utf-8") + b"\r\n"
    ### END SOLUTION
