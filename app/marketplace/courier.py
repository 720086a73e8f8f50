"""The courier: a thread beside the pages that lets time pass for HITs, and delivers news to requesters' queues."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Lock, Thread

from app.marketplace import wire
from app.marketplace.records import Event
from app.marketplace.store import events, hit_types
from app.marketplace.store.engine import Store, StoreUnavailable
from app.marketplace.work import settle

COURIER = "marketplace_courier"
INTERVAL_S = 2.0
LOOK_AGAIN_S = 60.0  # a process without a courier asks so often whether one is wanted
AT_ONCE = 20
CLAIM_S = 120  # longer than a delivery takes; then another process may try
FIRST_WAIT_S, LONGEST_WAIT_S = 5, 3600
TRIED_FOR = timedelta(days=3)

log = logging.getLogger(__name__)


class Courier:
    """Delivers events at least once: an event is forgotten when its destination has taken it, or after three days.

    Several processes may each have one; an event is claimed before it is sent. No page waits for it.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime], interval_s: float = INTERVAL_S) -> None:
        self._store = store
        self._clock = clock
        self._interval_s = interval_s
        self._stop = Signal()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._looked_at = -LOOK_AGAIN_S

    def ensure(self, *, at_once: bool) -> None:
        """Start the thread where somebody wants news; looks whether, at once or once a minute."""
        looked_lately = time.monotonic() - self._looked_at < LOOK_AGAIN_S
        if self._thread is not None or (looked_lately and not at_once):
            return
        with self._lock:
            self._looked_at = time.monotonic()
            if self._thread is None and self._is_wanted():
                self._thread = Thread(target=self._go, name="marketplace-courier", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread after what it does now."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def deliver(self, outbox: wire.Outbox) -> int:
        """Deliver what is due; how many arrived."""
        now = self._clock()
        with self._store.read() as connection:
            due = events.due_events(connection, now, AT_ONCE)
        return sum(self._deliver(outbox, event, now) for event in due)

    def _is_wanted(self) -> bool:
        try:
            with self._store.read() as connection:
                return hit_types.anybody_listens(connection) or events.anything_left(connection)
        except StoreUnavailable:
            return False

    def _go(self) -> None:
        outbox = wire.Outbox()
        while not self._stop.wait(self._interval_s):
            try:
                settle(self._store, self._clock())
                self.deliver(outbox)
            except StoreUnavailable as error:
                log.warning("%s", error)
            except Exception:  # whatever it is, the next round may work
                log.exception("the courier stumbled")

    def _deliver(self, outbox: wire.Outbox, event: Event, now: datetime) -> bool:
        with self._store.write() as connection:
            if not events.claim(connection, event, now + timedelta(seconds=CLAIM_S)):
                return False
        try:
            outbox.send(event.transport, event.destination, event.body)
        except wire.NotDelivered as error:
            self._put_off(event, now, error)
            return False
        with self._store.write() as connection:
            events.remove_event(connection, event.event_id)
        return True

    def _put_off(self, event: Event, now: datetime, error: wire.NotDelivered) -> None:
        given_up = now - event.occurred_at > TRIED_FOR
        log.warning("event %s%s: %s", event.event_id, " is given up" if given_up else " waits", error)
        wait_s = min(FIRST_WAIT_S * 2 ** min(event.attempts, 20), LONGEST_WAIT_S)
        with self._store.write() as connection:
            if given_up:
                events.remove_event(connection, event.event_id)
            else:
                events.put_off(connection, event.event_id, now + timedelta(seconds=wait_s))
