"""Runs jobs in processes of their own, several at a time."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import IO

from .worker import Job, Result

__all__ = ["Pool"]

#: So many characters of what a process last said stand in the report.
_LAST_WORDS = 2000
_STOPPED = "stopped by Ctrl-C"


class Pool:
    """Runs jobs; their results are files in a folder, and none of their processes outlives a call.

    Parameters
    ----------
    folder : path
    processes : int
        At most so many at a time.
    timeout : float or None, s
        A process that takes longer is ended.
    """

    def __init__(self, folder: Path, processes: int, timeout: float | None):
        self._folder, self._processes, self._timeout = folder, processes, timeout
        self._running: set[subprocess.Popen] = set()
        self._lock = threading.Lock()
        self._stopping = False

    def file(self, k: int) -> Path:
        """Where the result of job number `k` is."""
        return self._folder / f"result{k}"

    def run(self, jobs: Sequence[Job], ended: Callable[[int], None]) -> None:
        """Run all jobs.

        Parameters
        ----------
        ended : callable
            Is told the number of each job that has ended.

        Raises
        ------
        KeyboardInterrupt
            Ctrl-C was pressed. All results exist; those of jobs that had not ended say so.
        """
        with ThreadPoolExecutor(self._processes) as executor:
            futures = {
                executor.submit(self._run, job, self._folder / f"job{k}", self.file(k)): k
                for k, job in enumerate(jobs)
            }
            try:
                for future in as_completed(futures):
                    future.result()
                    ended(futures[future])
            except KeyboardInterrupt:
                self._stop()
                executor.shutdown(wait=True, cancel_futures=True)
                for k in range(len(jobs)):
                    if not self.file(k).exists():
                        _write(self.file(k), Result(error=_STOPPED))
                raise

    def _run(self, job: Job, job_file: Path, result_file: Path) -> None:
        _write(job_file, job)
        command = [sys.executable, "-m", f"{__package__}.worker", str(job_file), str(result_file)]
        said = result_file.with_suffix(".log")
        begin = time.perf_counter()
        late = False
        with open(said, "wb") as log:
            process = self._start(command, log, _environment(job.target.backend))
            if process is None:
                return
            try:
                process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                late = True
                _end(process)
            finally:
                with self._lock:
                    self._running.discard(process)
        if self._stopping or (result_file.exists() and not late):
            return
        last = said.read_bytes().decode(errors="replace")[-_LAST_WORDS:]
        seconds = time.perf_counter() - begin
        why = f"took longer than {self._timeout:g} s" if late else _how(process.returncode)
        _write(result_file, Result(seconds={"all": seconds}, error=why, traceback=last))

    def _start(
        self, command: Sequence[str], log: IO[bytes], environment: Mapping[str, str]
    ) -> subprocess.Popen | None:
        with self._lock:
            if self._stopping:
                return None
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                # Ctrl-C reaches this process alone, which ends the others
                start_new_session=True,
            )
            self._running.add(process)
            return process

    def _stop(self) -> None:
        with self._lock:
            self._stopping = True
            running = list(self._running)
        for process in running:
            _end(process)


def _environment(backend: str) -> dict[str, str]:
    """Variables of the environment of a run."""
    variables = os.environ | {"MPLBACKEND": "Agg"}
    if backend == "neuron":
        # PyNN looks there for the compiler of NEURON's mechanisms, which is installed beside
        # Python: on the path in an active environment only
        folders = [str(Path(sys.executable).parent), variables.get("PATH", os.defpath)]
        variables["PATH"] = os.pathsep.join(folders)
    return variables


def _end(process: subprocess.Popen) -> None:
    """End a process and those that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _how(code: int) -> str:
    if code < 0:
        return f"the process was ended by signal {signal.Signals(-code).name}"
    return f"the process ended with code {code} and without a result"


def _write(file: Path, content: object) -> None:
    with open(file, "wb") as stream:
        pickle.dump(content, stream)
