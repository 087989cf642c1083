"""Invalid settings stop the start and name the variable."""

import tempfile
from pathlib import Path
from unittest import TestCase, mock

from django.core.exceptions import ImproperlyConfigured

from portal.env import Environment, read_state_file, state_directory


class ReadersTest(TestCase):
    def test_a_missing_value_without_default_is_named(self) -> None:
        with self.assertRaisesMessage(ImproperlyConfigured, "PORTAL_SECRET_KEY is not set"):
            Environment({}).text("PORTAL_SECRET_KEY")

    def assertRaisesMessage(self, error: type[Exception], text: str):  # unittest's spelling
        return self.assertRaisesRegex(error, text.replace(".", r"\."))

    def test_a_boolean_is_one_of_eight_words(self) -> None:
        for word, value in [("1", True), ("Yes", True), ("on", True), ("0", False), ("FALSE", False), ("off", False)]:
            self.assertIs(Environment({"X": word}).boolean("X", default=not value), value)
        for word in ["maybe", "2", "y"]:
            with self.assertRaisesMessage(ImproperlyConfigured, "X must be one of"):
                Environment({"X": word}).boolean("X", default=False)

    def test_an_integer_is_in_its_range(self) -> None:
        self.assertEqual(Environment({"X": "397"}).integer("X", 90, 1, 397), 397)
        for text in ["0", "398", "1e2", "-1", "٣", "ninety", "1" * 5000]:
            with self.assertRaisesMessage(ImproperlyConfigured, "X must be a whole number from 1 to 397"):
                Environment({"X": text}).integer("X", 90, 1, 397)

    def test_a_secret_comes_from_a_file_when_one_is_named(self) -> None:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("from the file\n")
            file.flush()
            self.assertEqual(Environment({"X_FILE": file.name, "X": "ignored"}).secret("X"), "from the file")
        with self.assertRaisesMessage(ImproperlyConfigured, "X_FILE cannot be read"):
            Environment({"X_FILE": "/does/not/exist"}).secret("X")

    def test_bytes_that_are_no_text_are_refused_and_not_quoted(self) -> None:
        with self.assertRaisesMessage(ImproperlyConfigured, "^X is no text in UTF-8.$"):
            Environment({"X": "h\udcffush"}).text("X")
        with tempfile.NamedTemporaryFile("wb") as file:
            file.write(b"hush\xff")
            file.flush()
            with self.assertRaisesMessage(ImproperlyConfigured, "^The file that X_FILE names is no text in UTF-8.$"):
                Environment({"X_FILE": file.name}).secret("X")

    def test_an_empty_state_directory_is_none(self) -> None:
        with mock.patch.dict("os.environ", {"PORTAL_STATE_DIR": " "}):
            self.assertEqual(state_directory(Path("/srv/portal")), Path("/srv/portal/var"))

    def test_words_are_separated_by_commas_or_spaces(self) -> None:
        self.assertEqual(Environment({"X": "a, b c,d"}).words("X"), ["a", "b", "c", "d"])

    def test_database_urls(self) -> None:
        sqlite = Environment({"D": "sqlite:////srv/portal.sqlite3"}).database("D", "")
        self.assertEqual(sqlite["NAME"], "/srv/portal.sqlite3")
        url = "postgresql://ann:p%40ss@db.example.com:5433/portal?sslmode=verify-full"
        postgresql = Environment({"D": url}).database("D", "")
        self.assertEqual(
            (postgresql["USER"], postgresql["PASSWORD"], postgresql["HOST"], postgresql["PORT"], postgresql["NAME"]),
            ("ann", "p@ss", "db.example.com", "5433", "portal"),
        )
        self.assertEqual(postgresql["OPTIONS"], {"sslmode": "verify-full"})
        with self.assertRaisesMessage(ImproperlyConfigured, "D must start with"):
            Environment({"D": "mysql://x"}).database("D", "")

    def test_the_environment_wins_over_the_state_file(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "portal.env").write_text("# made by make run\nHOST=from-file\nPORT=1\n")
            environ = {"PORTAL_STATE_DIR": directory, "HOST": "from-environment"}
            with mock.patch.dict("os.environ", environ, clear=True):
                env = Environment.load(Path("/nowhere"))
            self.assertEqual((env.text("HOST"), env.text("PORT")), ("from-environment", "1"))
        self.assertEqual(read_state_file(Path("/does/not/exist")), {})
