"""How executions run: each on a thread of its own, in real time or on a virtual clock that stands still for answers.

Knows: executions, drivers and threads. Must never know: requests and answers, or which machine it is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NoReturn

from asl_local.drivers import Callbacks, Ended, Heard, Hearing, RealTime, Simulation, Work, hear
from asl_local.drivers.drive import drive
from asl_local.drivers.driver import Begun
from asl_local.engine import Execution, Outcome
from asl_local.engine.messages import Command, Redriven, Stimulus, Stopped
from asl_local.errors import AslError
from asl_local.reporters import History


class Run:
    """One execution on its way or at its end. `execution` is changed by its thread only; `changing` is held meanwhile.

    `callbacks` is what its task tokens are known to, `began` is told of each execution that one of its tasks starts.
    `virtual_at` is where the virtual clock begins; None is real time. `machine` is whose execution it is.
    """

    def __init__(
        self,
        execution: Execution,
        work: Work,
        callbacks: Callbacks,
        *,
        virtual_at: float | None,
        began: Callable[[Run, Execution], None],
        machine: Heard,
    ) -> None:
        self.execution = execution
        self._machine = machine
        self.home: Run = self
        self.changing = threading.RLock()
        self._work, self._callbacks, self._began = work, callbacks, began
        self._virtual = virtual_at is not None
        self._failure: BaseException | None = None
        self._go("start_execution", None, virtual_at or 0.0)

    def _go(self, kind: str, stimulus: Stimulus | None, at: float) -> None:
        inner: RealTime | Simulation
        if self._virtual:
            inner = Simulation(self._work, start=at, callbacks=self._callbacks)
        else:
            inner = RealTime(self._work, callbacks=self._callbacks)
        self._world = _World(inner, lambda execution: self._began(self, execution))
        self._over = threading.Event()
        self._stepped = threading.Event()
        hearing = hear(self.execution, self._machine, kind)
        threading.Thread(target=self._run, args=(stimulus, hearing), name="asl-local-execution", daemon=True).start()
        if not self._virtual:
            self._stepped.wait()  # so that whoever has started it finds its first event

    def _run(self, stimulus: Stimulus | None, hearing: Hearing | None) -> None:
        try:
            drive(
                self.execution, self._world, lambda _: self._stepped.set(), stimulus=stimulus, on_end=self._ended,
                guard=self.changing, hearing=hearing,
            )  # fmt: skip
        except BaseException as error:  # told to whoever asks; nobody hears a thread
            self._failure = error
        self._over.set()
        self._stepped.set()
        self._world.end()

    def _ended(self, _ended: Ended) -> None:
        self._over.set()

    # -- what can be seen ----------------------------------------------------------------------------------------------

    def history(self) -> History:
        """The events so far."""
        with self.changing:
            return History(list(self.execution.history.rows))

    def outcome(self) -> Outcome | None:
        """How it ended; None while it runs. Raises what has broken the run itself, if anything has."""
        if self._failure is not None:
            raise self._failure
        with self.changing:
            return self.execution.outcome

    # -- what can be done ----------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """How it ended, waited for that many real seconds; None if it still runs then."""
        self._over.wait(timeout)
        return self.outcome()

    def settle(self) -> None:
        """On a virtual clock: wait until it has ended or only somebody's answer could move it on."""
        if self._virtual:
            self._world.settle()
            self.outcome()

    def wake(self, seconds: float = 0.0) -> bool:
        """On a virtual clock, if it stands still: let that much time pass; whether it goes on, for an answer has come."""
        return self._virtual and self._world.wake(seconds)

    def stop(self, error: str | None, cause: str | None) -> None:
        """Abort it, unless it has ended, and wait until it has."""
        if not self._over.is_set():
            self._world.say(Stopped(error, cause))
            if not self._world.is_its_own_thread():
                self._over.wait()
        self.settle()

    def redrive(self, at: float) -> None:
        """Go on with one that has ended badly; `at` is the virtual time. The caller has asked whether it can be."""
        self.execution.watch(None)  # whoever listens now counts from here
        self._go("redrive", Redriven(), max(at, self.execution.now))


class Child:
    """An execution that another one has started, a task of it or a Map run: it lives in the world and clock of `home`."""

    def __init__(self, parent: Run | Child, execution: Execution) -> None:
        self.execution = execution
        self.home: Run = parent.home

    def history(self) -> History:
        """The events so far."""
        with self.home.changing:
            return History(list(self.execution.history.rows))

    def outcome(self) -> Outcome | None:
        """How it ended; None while it runs."""
        with self.home.changing:
            return self.execution.outcome

    def settle(self) -> None:
        """See Run.settle."""
        self.home.settle()

    def wake(self, _seconds: float = 0.0) -> bool:
        """Its starter is woken, not it."""
        return False

    def stop(self, error: str | None, cause: str | None) -> NoReturn:
        """Refused."""
        raise AslError(self._no("stopped", f"error {error!r}, cause {cause!r}"))

    def redrive(self, at: float) -> NoReturn:
        """Refused."""
        raise AslError(self._no("redriven", f"at {at}"))

    def _no(self, what: str, how: str) -> str:
        own, starter = self.execution.identity.execution_arn, self.home.execution.identity.execution_arn
        return f"{own} cannot be {what} ({how}) by itself here: {starter} has started it"


class _World:
    """A driver that also hears what is said from outside, tells of executions that begin, and is patient.

    Patient: while a task token is out, virtual time stands still, for the outside world takes none; it passes up to the
    horizon that `advance` sets.
    """

    def __init__(self, inner: RealTime | Simulation, began: Callable[[Execution], None]) -> None:
        self._inner = inner
        self._began = began
        self.raised, self.works, self.settled = inner.raised, inner.works, inner.settled
        self._changed = threading.Condition()
        self._said: deque[Stimulus] = deque()
        self._horizon = inner.now()
        self._still = self._finished = False
        self._thread: threading.Thread | None = None

    def now(self) -> float:
        self._thread = threading.current_thread()
        return self._inner.now()

    def perform(self, command: Command) -> None:
        self._inner.perform(command)

    def next(self) -> tuple[Stimulus | Begun, float]:
        stimulus, at = self._inner.next() if isinstance(self._inner, RealTime) else self._next(self._inner)
        if isinstance(stimulus, Begun):
            self._began(stimulus.nested.execution)
        return stimulus, at

    def _next(self, simulation: Simulation) -> tuple[Stimulus | Begun, float]:
        while True:
            with self._changed:
                if self._said:
                    return self._said.popleft(), simulation.now()
                if self._waits(simulation):
                    self._still = True
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: not self._still)
                    continue
            return simulation.next()

    def _waits(self, simulation: Simulation) -> bool:
        """Whether nothing is due up to the horizon, and a task token is out; then the clock stands at the horizon."""
        due = simulation.due()
        if not simulation.awaits_somebody() or (due is not None and due <= self._horizon):
            return False
        simulation.skip(self._horizon)
        return True

    def over(self, token: int) -> None:
        self._inner.over(token)

    def close(self) -> None:
        self._inner.close()

    # -- from other threads --------------------------------------------------------------------------------------------

    def say(self, stimulus: Stimulus) -> None:
        """Put in a word."""
        if isinstance(self._inner, RealTime):
            self._inner.deliver(stimulus)
            return
        with self._changed:
            self._said.append(stimulus)
            self._still = False
            self._changed.notify_all()

    def wake(self, seconds: float) -> bool:
        """If it stands still, let that much virtual time pass; whether it goes on then."""
        with self._changed:
            if not self._still or isinstance(self._inner, RealTime):
                return False
            self._horizon = max(self._horizon, self._inner.now()) + seconds
            self._still = not self._said and self._waits(self._inner)
            self._changed.notify_all()
            return not self._still

    def settle(self) -> None:
        """Wait until it stands still or is at its end; the execution's own thread never waits for itself."""
        if not self.is_its_own_thread():
            with self._changed:
                self._changed.wait_for(lambda: self._still or self._finished)

    def end(self) -> None:
        """Nothing moves any more."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def is_its_own_thread(self) -> bool:
        """Whether the caller is a handler on the virtual clock: those run on the execution's thread."""
        return threading.current_thread() is self._thread


__all__ = ["Child", "Run"]
