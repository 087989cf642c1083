"""create_key prints the text and nothing else; refusals exit 1, wrong usage 2."""

import io

from django.core.management import CommandError, call_command

from keys.models import ProvisioningKey, SigningCertificate
from tests import factories
from tests.base import PortalTestCase
from tests.keys.base import make_certificate


def create_key(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("create_key", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


class CreateKeyTest(PortalTestCase):
    def setUp(self) -> None:
        factories.preload()

    def test_standard_output_is_the_text_alone(self) -> None:
        out, err = create_key("--name", "berlin", "--group", "Berlin DC-1")
        key = ProvisioningKey.objects.get()
        self.assertTrue(out.startswith(key.token_head) and out.endswith(f"{key.token_tail}==\n"))
        self.assertEqual(out.count("\n"), 1)
        self.assertNotIn(out.strip(), err)
        self.assertEqual((key.max_uses, key.signing_certificate.name, key.viewable), (1, "Service Edge", True))

    def test_options_reach_the_key(self) -> None:
        create_key("--name", "a", "--group", "G", "--max-uses", "7", "--signing-certificate", "client", "--no-view")
        key = ProvisioningKey.objects.get()
        self.assertEqual((key.max_uses, key.signing_certificate.name, key.viewable), (7, "Client", False))

    def test_an_existing_group_is_used_whatever_its_case(self) -> None:
        group = factories.make_group("Berlin")
        create_key("--name", "a", "--group", "BERLIN")
        self.assertEqual(ProvisioningKey.objects.get().group, group)

    def test_a_certificate_that_cannot_sign_is_refused(self) -> None:
        record = make_certificate("Own CA")
        SigningCertificate.objects.filter(pk=record.pk).update(enabled=False)
        for name in ("Own CA", "none", "", "\udcff"):
            with self.subTest(name=name), self.assertRaises(CommandError) as refused:
                create_key("--name", "a", "--group", "G", "--signing-certificate", name)
            # A shell shows no list to choose from.
            sentence = "There is no signing certificate of that name that can sign now."
            self.assertEqual((str(refused.exception), refused.exception.returncode), (sentence, 1))

    def test_a_group_without_a_name_is_refused(self) -> None:
        for name, sentence in (
            ("", "Enter a name of 1 to 255 characters for the group."),
            ("  ", "Enter a name of 1 to 255 characters."),
        ):
            with self.subTest(name=name), self.assertRaises(CommandError) as refused:
                create_key("--name", "a", "--group", name)
            self.assertEqual((str(refused.exception), refused.exception.returncode), (sentence, 1))

    def test_refusals_say_what_is_wrong(self) -> None:
        create_key("--name", "taken", "--group", "G")
        for arguments, message in [
            (["--name", "Taken", "--group", "G"], "A key with this name exists already."),
            (["--name", "a/b", "--group", "G"], "Use only letters, digits, spaces and . - _ in a name."),
            (["--name", "a", "--group", "G", "--max-uses", "0"], "1 to 2,147,483,647"),
            (["--name", "a", "--group", "?"], "Use only letters"),
            (["--name", "a", "--group", "G", "--signing-certificate", "none"], "There is no signing certificate"),
        ]:
            with self.assertRaisesMessage(CommandError, message):
                create_key(*arguments)
