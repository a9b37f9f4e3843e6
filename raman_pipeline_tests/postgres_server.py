"""A real Postgres server of one's own on loopback, as an ordinary user in a temporary folder."""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

PASSWORD = "not-to-be-seen-9b1f"


def binaries() -> Path | None:
    """Returns the folder of initdb and pg_ctl; None where Postgres is not installed."""
    known = [*glob.glob("/usr/lib/postgresql/*/bin"), *os.environ.get("PATH", "").split(":")]
    return next((Path(f) for f in known if (Path(f) / "initdb").exists()), None)


class PostgresServer:
    """A server with one user and one database; `with` starts and removes it."""

    def __init__(self) -> None:
        self.bin = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        # Postgres refuses to run as root.
        self.user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        shutil.chown(self.folder, self.user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://pipeline:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def new_database(self, name: str, template: str = "template1") -> str:
        """Makes an empty database, or a copy of another; returns its address."""
        import psycopg2

        connection = psycopg2.connect(self.url())
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        connection.close()
        return self.url(name)

    def _do(self, command: str, *arguments: str) -> None:
        # Its own session: who stops a test by its terminal does not stop the server halfway.
        run = [str(self.bin / command), "-D", str(self.folder / "data"), *arguments]
        subprocess.run(
            run,
            check=True,
            user=self.user if os.getuid() == 0 else None,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> "PostgresServer":
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        shutil.chown(secret, self.user)
        self._do("initdb", "-U", "pipeline", "-A", "scram-sha-256", f"--pwfile={secret}", "-N")
        self.start()
        return self

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync=off"
        self._do("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stops the server; `immediate` drops every connection at once."""
        self._do("pg_ctl", "-w", "-m", mode, "stop")

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
