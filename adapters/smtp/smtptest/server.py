"""A mail server on a free port of 127.0.0.1. Its first line is the port, and each further line a message, as JSON."""
import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

settings = json.loads(sys.argv[1])


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("refused@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "text": envelope.content.decode(),
            "user": session.auth_data.login.decode() if session.auth_data else "", "tls": session.ssl is not None or settings["tls"] == "smtps",
        }), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == (
        settings["user"], settings["password"])
    return AuthResult(success=right, auth_data=data if right else None)


def connection():
    context = None
    if settings["tls"] == "starttls":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(settings["pem"])
    return SMTP(Handler(), hostname="mail.example.test", tls_context=context, require_starttls=context is not None,
                authenticator=authenticate if settings["user"] else None, auth_required=bool(settings["user"]),
                auth_require_tls=settings["tls"] == "starttls")


async def serve():
    context = None
    if settings["tls"] == "smtps":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(settings["pem"])
    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
