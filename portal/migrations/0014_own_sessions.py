import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0013_hidden_columns"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        # Nobody knows where and when these began: everybody signs in once more.
        migrations.RunSQL("DELETE FROM portal_usersession", migrations.RunSQL.noop),
        migrations.RunSQL("DELETE FROM django_session", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="usersession",
            name="browser",
            field=models.CharField(blank=True, default="", help_text="In words, as the browser claims.", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="usersession",
            name="address",
            field=models.GenericIPAddressField(blank=True, null=True, verbose_name="client address"),
        ),
        migrations.AddField(
            model_name="usersession",
            name="signed_in_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="signed in"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="usersession",
            name="seen_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="last seen"),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="action",
            field=models.CharField(
                choices=[
                    ("key.created", "Key Created"),
                    ("key.edited", "Key Edited"),
                    ("key.limit_raised", "Key Limit Raised"),
                    ("key.deleted", "Key Deleted"),
                    ("key.shown", "Key Shown"),
                    ("key.copied", "Key Copied"),
                    ("key.downloaded", "Key Downloaded"),
                    ("key.edges_revoked", "Key Edges Revoked"),
                    ("group.created", "Group Created"),
                    ("group.edited", "Group Edited"),
                    ("group.deleted", "Group Deleted"),
                    ("certificate.created", "Certificate Created"),
                    ("certificate.edited", "Certificate Edited"),
                    ("certificate.deleted", "Certificate Deleted"),
                    ("edge.enrolled", "Edge Enrolled"),
                    ("edge.replayed", "Edge Replayed"),
                    ("edge.renewed", "Edge Renewed"),
                    ("edge.refused", "Edge Refused"),
                    ("edge.failed", "Edge Failed"),
                    ("edge.edited", "Edge Edited"),
                    ("edge.revoked", "Edge Revoked"),
                    ("edge.deleted", "Edge Deleted"),
                    ("list.exported", "List Exported"),
                    ("user.created", "User Created"),
                    ("user.edited", "User Edited"),
                    ("user.deleted", "User Deleted"),
                    ("user.signed_in", "User Signed In"),
                    ("user.signed_out", "User Signed Out"),
                    ("user.refused", "User Refused"),
                    ("user.sessions_ended", "User Sessions Ended"),
                ],
                max_length=32,
            ),
        ),
    ]
