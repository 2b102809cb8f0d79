"""A PostgreSQL of its own for one test, in a folder that goes with it. Works as root too, as which PostgreSQL does not run."""
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile


class Server:
    def __enter__(self):
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        assert versions, "PostgreSQL is missing: scripts/install-packages test"
        self._programs = versions[-1]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-postgres-"))
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "synapse", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off -c full_page_writes=off"
        self._run("pg_ctl", "-D", self._data, "-w", "-s", "-l", str(self.folder / "log"), "-o", options, "start")
        self.url = f"postgresql://synapse@/postgres?host={self.folder}"
        return self

    def __exit__(self, *_):
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-s", "stop")
        shutil.rmtree(self.folder)

    def execute(self, sql):
        self._run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", sql)

    @property
    def _data(self):
        return str(self.folder / "data")

    def _run(self, program, *words):
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        subprocess.run([*as_owner, self._programs / program, *words], check=True, cwd=self.folder,
                       stdout=subprocess.DEVNULL)
