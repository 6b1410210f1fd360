"""The options: which there are, and which values are refused, each with one line."""

from pathlib import Path

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from .helpers import PARTS, POEM, new_folder, parsed, poem_file
from .poetry_daemon import Options

KEYLESS = "ssl:8007:privateKey=no-such-key.pem"


class Step01Options(SynchronousTestCase):
    """There are two options, --port and --poem, and bad values are refused.

    Write, in poetry_daemon.py, optParameters of the class Options, and Options.postOptions. The
    values are kept under self["port"] and self["poem"]. The port's default is
    "tcp:8007:interface=127.0.0.1"; the poem has none. --help describes both. There is no third
    option. self.poem becomes the file's bytes, unchanged.

    A UsageError refuses a missing or empty --poem; a file that cannot be read, is empty or is not
    UTF-8; and a port with which serverFromString(reactor, self["port"]) raises any exception. Its
    message is one line, whatever the value and the exception contain ({value!r}), and has --poem, the
    file's name or the port's description in it. Both values are taken literally: in a name, "-", "~"
    and blanks are not special; "TCP:8007" and " tcp:8007" are refused. A byte order mark, spaces and
    NUL are text too.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def assert_refused(self, *words, naming):
        """These words are refused with a UsageError whose message is one line and contains this text."""
        try:
            Options().parseOptions(list(words))
        except UsageError as error:
            said = str(error)
        except Exception as error:
            self.fail(
                f"Expected {words} to be refused with a UsageError, which twist shows as one line; got "
                f"{type(error).__name__}, which it shows as a traceback: {error}"
            )
        else:
            self.fail(f"Expected {words} to be refused with a UsageError; they were accepted.")
        self.assertEqual(
            len(said.splitlines()), 1, f"Expected a message of one line for {words}; got {said!r}"
        )
        self.assertIn(naming, said, f"Expected {naming!r} in the message for {words}; got {said!r}")

    def test_given(self):
        """The values of --port and --poem are kept under "port" and "poem"."""
        name = poem_file()
        options = parsed(self, "--port", "tcp:8123", "--poem", name)
        got = options.get("port"), options.get("poem")
        self.assertEqual(got, ("tcp:8123", name), f"Expected the given port and poem; got {got}.")

    def test_default_port(self):
        """Without --port, the port is TCP port 8007 of 127.0.0.1."""
        got = parsed(self, "--poem", poem_file()).get("port")
        self.assertEqual(
            got,
            "tcp:8007:interface=127.0.0.1",
            f"Expected the default to be port 8007 of 127.0.0.1 only; got {got!r}.",
        )

    def test_help(self):
        """--help shows both options, each with a description, and no others."""
        options = Options()
        self.assertEqual(
            sorted(options), ["poem", "port"], f"Expected two options; got {sorted(options)}."
        )
        described = {known[0]: known[3] for known in options.optParameters if len(known) > 3}
        for name in ("port", "poem"):
            self.assertTrue(described.get(name), f"Expected --help to describe --{name}.")

    def test_unknown(self):
        """Any other option is refused."""
        parsed(self, "--poem", poem_file())
        self.assert_refused("--poet", poem_file(), naming="poet")

    def test_poem_bytes(self):
        """The options' poem is the file's bytes, unchanged, with line endings, byte order mark and spaces."""
        for data in (
            POEM,
            b"one\r\ntwo\rthree\r\n",
            b"no end of line",
            "\ufeffa mark\n".encode(),
            b"\n  spaces \t \n\n ",
            b" \n",
            b"\0\x1a\x7f\n",
        ):
            got = parsed(self, "--poem", poem_file(data)).poem
            self.assertEqual(got, data, f"Expected the bytes of the file, {data!r}; got {got!r}.")

    def test_poem_names(self):
        """The name is taken literally, relative to the current folder."""
        Path("a.txt").write_bytes(b"not this one\n")
        for name in ("-", "~", "~nobody-is-called-this", "[a].txt", " a.txt", "%s", "poem.txt"):
            data = f"{name}: {PARTS[0]}\n".encode()
            Path(name).write_bytes(data)
            got = parsed(self, "--poem", name).poem
            self.assertEqual(got, data, f"Expected the bytes of the file {name!r}; got {got!r}.")
        self.assert_refused("--poem", "", naming="--poem")
        self.assert_refused("--poem", "a*.txt", naming="a*.txt")

    def test_poem_missing(self):
        """Without --poem, the options are refused, with --poem in the message."""
        self.assert_refused("--port", "tcp:8007", naming="--poem")

    def test_poem_no_file(self):
        """A file that does not exist is refused, with its name in the message."""
        self.assert_refused("--poem", "no-such-poem.txt", naming="no-such-poem.txt")

    def test_poem_folder(self):
        """A folder is refused, with its name in the message."""
        name = new_folder("folder-")
        self.assert_refused("--poem", name, naming=name)

    def test_poem_empty(self):
        """An empty file is refused, with its name in the message."""
        name = poem_file(b"")
        self.assert_refused("--poem", name, naming=name)

    def test_poem_not_utf8(self):
        """A file that is not UTF-8 is refused, with its name in the message."""
        for data in (b"caf\xe9\n", b"half a surrogate pair \xed\xa0\x80\n", "é".encode()[:1]):
            name = poem_file(data)
            self.assert_refused("--poem", name, naming=name)

    def test_poem_no_such_name(self):
        """A name that no file can have is refused too, in one line, whatever characters it contains."""
        for name in ("a\0name.txt", "far-too-long-" * 100 + "name.txt", "two\nlines-name.txt"):
            self.assert_refused("--poem", name, naming="name.txt")
        self.assert_refused("--poem", f"{poem_file()}/name.txt", naming="name.txt")

    def test_port_bad(self):
        """Anything that is not an endpoint description is refused, and appears in the message."""
        for bad in (
            "8007",
            "tpc:8007",
            "tcp",
            "tcp:port",
            "tcp:8007:host=127.0.0.1",
            "tcp:\\",
            "unix",
            "systemd:INET:0",
            "TCP:8007",
            " tcp:8007",
            "",
            KEYLESS,
            f"ssl:8007:privateKey={poem_file()}",
        ):
            self.assert_refused("--poem", poem_file(), "--port", bad, naming=bad)

    def test_port_good(self):
        """Descriptions of TCP endpoints, with and without an interface, and of other endpoints are accepted."""
        for good in (
            "tcp:8007",
            "tcp:0:interface=127.0.0.1",
            "tcp:port=8007:backlog=5",
            "tcp6:8007",
            "unix:/run/Poetry",
        ):
            parsed(self, "--poem", poem_file(), "--port", good)

    def test_port_lines(self):
        """A description that contains a line break is refused in one line too."""
        self.assert_refused("--poem", poem_file(), "--port", "no\nendpoint", naming="endpoint")
