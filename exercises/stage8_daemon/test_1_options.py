"""The options: what is known, and what is refused, each time with one line."""

from pathlib import Path

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from .helpers import PARTS, POEM, new_folder, parsed, poem_file
from .poetry_daemon import Options

KEYLESS = "ssl:8007:privateKey=no-such-key.pem"


class OptionsCase(SynchronousTestCase):
    """A test that parses options."""

    longMessage = False  # Our message alone, not unittest's before it.

    def assert_refused(self, *words, naming):
        """These words are refused with a UsageError of one line, which has this text in it."""
        try:
            Options().parseOptions(list(words))
        except UsageError as error:
            said = str(error)
        except Exception as error:
            self.fail(
                f"Expected {words} to be refused with a UsageError, which twist shows as a line; "
                f"{type(error).__name__} came, which it shows as a traceback: {error}"
            )
        else:
            self.fail(f"Expected {words} to be refused with a UsageError; they were taken.")
        self.assertEqual(
            len(said.splitlines()), 1, f"Expected one line to say why {words} are refused: {said!r}"
        )
        self.assertIn(
            naming, said, f"Expected the line to say {naming!r}, what {words} have wrong: {said!r}"
        )


class Step01Options(OptionsCase):
    """There are two options, --port and --poem.

    Write the list optParameters of the class Options, in poetry_daemon.py: for each option, it has
    a list of its name, its one-letter name or None, its default, and a line for --help. Where
    nobody says anything else, only this machine can connect.
    """

    def test_given(self):
        """What is given after --port and --poem is kept under "port" and "poem"."""
        name = poem_file()
        options = parsed(self, "--port", "tcp:8123", "--poem", name)
        got = options.get("port"), options.get("poem")
        self.assertEqual(
            got, ("tcp:8123", name), f"Expected the port and the poem as given; got {got}."
        )

    def test_default_port(self):
        """Without --port it is TCP port 8007 of 127.0.0.1."""
        got = parsed(self, "--poem", poem_file()).get("port")
        self.assertEqual(
            got,
            "tcp:8007:interface=127.0.0.1",
            f"Expected the default to be port 8007 on 127.0.0.1 alone; it is {got!r}.",
        )

    def test_help(self):
        """--help shows both options, each with words, and no others."""
        options = Options()
        self.assertEqual(
            sorted(options), ["poem", "port"], f"Expected two options; they are {sorted(options)}."
        )
        described = {known[0]: known[3] for known in options.optParameters if len(known) > 3}
        for name in ("port", "poem"):
            self.assertTrue(described.get(name), f"Expected --help to say what --{name} is.")

    def test_unknown(self):
        """An option that is neither of them is refused."""
        parsed(self, "--poem", poem_file())
        self.assert_refused("--poet", poem_file(), naming="poet")


class Step02Poem(OptionsCase):
    """The poem is read, and one that cannot be served is refused.

    Write the first part of Options.postOptions, which is called when all the options are read. Let
    self.poem be the file's bytes. Where there is no --poem, or its file cannot be read, is empty or
    is not UTF-8, raise a UsageError with one line that says so. Do it here: whatever makeService
    raises, twist shows as a traceback.
    """

    def test_bytes(self):
        """The options' poem is the file's bytes, unchanged, line endings, a byte order mark and spaces too."""
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

    def test_names(self):
        """The file is the one of that name, whatever the name looks like, and wherever the daemon's own files are."""
        Path("a.txt").write_bytes(b"not this one\n")
        for name in ("-", "~", "~nobody-is-called-this", "[a].txt", " a.txt", "%s", "poem.txt"):
            data = f"{name}: {PARTS[0]}\n".encode()
            Path(name).write_bytes(data)
            got = parsed(self, "--poem", name).poem
            self.assertEqual(got, data, f"Expected the bytes of the file {name!r}; got {got!r}.")
        self.assert_refused("--poem", "", naming="--poem")
        self.assert_refused("--poem", "a*.txt", naming="a*.txt")

    def test_missing(self):
        """Without --poem, the words are refused, and the line says --poem."""
        self.assert_refused("--port", "tcp:8007", naming="--poem")

    def test_no_file(self):
        """A name that no file has is refused, and the line has the name."""
        self.assert_refused("--poem", "no-such-poem.txt", naming="no-such-poem.txt")

    def test_folder(self):
        """A folder is refused, and the line has its name."""
        name = new_folder("folder-")
        self.assert_refused("--poem", name, naming=name)

    def test_empty(self):
        """An empty file is refused, and the line has its name."""
        name = poem_file(b"")
        self.assert_refused("--poem", name, naming=name)

    def test_not_utf8(self):
        """A file that is not UTF-8 is refused, and the line has its name."""
        for data in (b"caf\xe9\n", b"half a surrogate pair \xed\xa0\x80\n", "é".encode()[:1]):
            name = poem_file(data)
            self.assert_refused("--poem", name, naming=name)

    def test_no_such_name(self):
        """A name that no file can have is refused as well, in one line, whatever characters it has."""
        for name in ("a\0name.txt", "far-too-long-" * 100 + "name.txt", "two\nlines-name.txt"):
            self.assert_refused("--poem", name, naming="name.txt")
        self.assert_refused("--poem", f"{poem_file()}/name.txt", naming="name.txt")


class Step03Port(OptionsCase):
    """A port that describes no endpoint is refused.

    Write the last part of Options.postOptions. serverFromString(reactor, self["port"]) makes an
    endpoint of a description, and opens nothing. Where it raises, raise a UsageError with one line
    that has the description in it. It does not always raise a ValueError: each kind of endpoint has
    its own function to read what comes after its name, which raises what it likes.
    """

    def test_bad(self):
        """What is no description of an endpoint is refused, and the line has it."""
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

    def test_good(self):
        """Descriptions of TCP, with and without an interface, and of other endpoints, are taken."""
        for good in (
            "tcp:8007",
            "tcp:0:interface=127.0.0.1",
            "tcp:port=8007:backlog=5",
            "tcp6:8007",
            "unix:/run/Poetry",
        ):
            parsed(self, "--poem", poem_file(), "--port", good)

    def test_lines(self):
        """One that has the end of a line in it is refused in one line as well."""
        self.assert_refused("--poem", poem_file(), "--port", "no\nendpoint", naming="endpoint")
