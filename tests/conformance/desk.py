"""IBKR's own Python client at the simulated gateway, with everything it is told written down.

A story is one file: it takes a `Desk`, asks for things, and says what it expects to be told, line by line.
What arrives is compared as text that holds every value the client decoded, so that a difference reads like one.
"""

import difflib
import inspect
import socket
import sys
import textwrap
import threading
import traceback

from google.protobuf import unknown_fields
from google.protobuf.message import Message
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.order_cancel import OrderCancel
from ibapi.wrapper import EWrapper

import lines
import model

ACCOUNT = "DU0000001"
# Longer than anything here takes, in seconds; a story that waits so long has failed.
PATIENCE = 20


class Difference(Exception):
    """What a client was told is not what it should have been told."""


class Desk(EWrapper, EClient):
    """One client. Every callback is a row `(name, arguments)`, in the order of its arrival."""

    # Every desk of the story: a reader that nobody hangs up on keeps its process alive.
    seated = []

    def __init__(self, port, client_id=1, bars=None):
        EClient.__init__(self, self)
        Desk.seated.append(self)
        self.rows = []
        self.flaws = []
        self.next = 0
        self.asked = self.answered = 0
        self.now = None
        self.heard = threading.Condition()
        self.bars = bars or {}
        self.port = port
        self.connect("127.0.0.1", port, client_id)
        if self.isConnected():
            # What is written is sent: the client leaves Nagle's delay on.
            self.conn.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self.run, daemon=True).start()

    # What arrives.

    def hear(self, name, args):
        if name == "openOrder":
            # The client decodes all of an order but this; its frame came just before.
            args[2].transmit = self.transmit
        with self.heard:
            if name == "currentTime":
                self.answered, self.now = self.answered + 1, args[0]
            elif name != "currentTimeInMillis":
                self.rows.append((name, args))
            self.heard.notify_all()

    def frame(self, name, message):
        """A frame as it came: IBKR's description of it must know every field in it, of just that type."""
        flaws = unknown(message)
        if flaws:
            with self.heard:
                self.flaws.append(f"{name}: fields IBKR does not know: {', '.join(flaws)}")
        if name == "openOrderProtoBuf":
            self.transmit = message.order.transmit

    def logRequest(self, fnName, fnParams):
        """The client would format each of its requests for a log that nobody reads."""

    # What a story does.

    def wait(self, name, seen=1):
        """Waits until a callback of that name came `seen` times since what was last told; its last row."""
        def there():
            rows = [row for row in self.rows[self.next:] if row[0] == name]
            return rows[seen - 1] if len(rows) >= seen else None

        with self.heard:
            if not self.heard.wait_for(there, PATIENCE):
                raise Difference(f"{name} did not come; there was:\n" + "\n".join(self.peek()))
            return there()

    def greeted(self):
        """Whether it is seated: it has its next order id. False where its client id was taken."""
        def over():
            told = [name for name, _ in self.rows]
            return "nextValidId" in told or "connectionClosed" in told

        with self.heard:
            self.heard.wait_for(over, PATIENCE)
            return any(name == "nextValidId" for name, _ in self.rows)

    def peek(self):
        return [lines.line(name, args) for name, args in self.rows[self.next:]]

    def round_trip(self):
        """Returns when everything that was sent before has been answered."""
        self.asked += 1
        self.reqCurrentTime()
        with self.heard:
            if not self.heard.wait_for(lambda: self.answered == self.asked, PATIENCE):
                raise Difference("no answer; there was:\n" + "\n".join(self.peek()))

    def rows_told(self):
        """The rows that came since the last look, after a round trip."""
        self.round_trip()
        with self.heard:
            rows, self.next = self.rows[self.next:], len(self.rows)
        if self.flaws:
            raise Difference("\n".join(self.flaws))
        return rows

    def told(self, *without):
        """The same as lines, leaving out the callbacks named."""
        return [lines.line(name, args) for name, args in self.rows_told() if name not in without]

    def expects(self, text, *without):
        """Everything told since the last look is these lines."""
        same(self.told(*without), text)

    def join(self, *symbols):
        """Keeps step with the market from now on, and opens it by asking for bars of these symbols."""
        self.reqCurrentTimeInMillis()
        self.round_trip()
        for number, symbol in enumerate(symbols):
            self.reqRealTimeBars(9000 + number, stock(symbol), 5, "TRADES", False, [])
        self.rows_told()

    def step(self, instants=1):
        """Lets the market trade so many instants of five seconds; it stands still after each."""
        for _ in range(instants):
            self.reqCurrentTimeInMillis()
            self.round_trip()

    def time(self):
        """Market time, in seconds of the epoch."""
        self.round_trip()
        return self.now

    def perm_id(self, order_id):
        """The permanent id of one of its orders, as it was last told."""
        return next(args[5] for name, args in reversed(self.rows) if name == "orderStatus" and args[0] == order_id)

    def place(self, order_id, order, symbol="XYZ"):
        self.placeOrder(order_id, stock(symbol), order)

    def cancel(self, order_id):
        self.cancelOrder(order_id, OrderCancel())

    def leave(self):
        """Hangs up at once: a plain disconnect leaves the reader in its wait of a second."""
        line = self.conn and self.conn.socket
        if line:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # The gateway hung up first.
        self.disconnect()


def recorder(name):
    signature = inspect.signature(getattr(EWrapper, name))

    def hear(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        self.hear(name, bound.args[1:])

    return hear


for callback, function in list(vars(EWrapper).items()):
    if callback.startswith("_") or not inspect.isfunction(function):
        continue
    if callback.endswith("ProtoBuf"):
        setattr(Desk, callback, lambda self, message, name=callback: self.frame(name, message))
    else:
        setattr(Desk, callback, recorder(callback))


def unknown(message):
    """The numbers of the fields that IBKR's description of a message does not have, nested ones too."""
    found = [str(field.field_number) for field in unknown_fields.UnknownFieldSet(message)]
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None or not isinstance(value, (Message,)) and not hasattr(value, "__iter__"):
            continue
        parts = [value] if isinstance(value, Message) else value
        for part in parts:
            if isinstance(part, Message):
                found += [f"{descriptor.name}.{number}" for number in unknown(part)]
    return found


def stock(symbol):
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = symbol, "STK", "SMART", "USD"
    return contract


def order(action, kind, price=None, quantity=100, **more):
    """An order; `price` is the limit of a LMT and the trigger of a STP."""
    made = Order()
    made.action, made.orderType, made.totalQuantity, made.tif = action, kind, quantity, "GTC"
    if price is not None:
        setattr(made, "auxPrice" if kind.startswith("STP") else "lmtPrice", price)
    for name, value in more.items():
        if not hasattr(made, name):
            raise AttributeError(f"an order has no {name}")
        setattr(made, name, value)
    return made


def bracket(first, stop, target, **more):
    """Entry, stop and target as `(id, order)`: held, held, and the last one transmits them all."""
    legs = dict(parentId=first, ocaGroup="plan", ocaType=1, **more)
    return [
        (first, order("BUY", "MKT", transmit=False, orderRef="E", **more)),
        (first + 1, order("SELL", "STP", stop, transmit=False, orderRef="S", **legs)),
        (first + 2, order("SELL", "LMT", target, orderRef="T", **legs)),
    ]


def same(got, text):
    """Fails with a readable difference unless these lines are that text."""
    expected = text if isinstance(text, list) else textwrap.dedent(text).strip().splitlines()
    for row in got:
        print("   ", row)
    if got == expected:
        return
    expected, got = list(map(str, expected)), list(map(str, got))
    diff = difflib.unified_diff(expected, got, "expected", "told", lineterm="", n=20)
    raise Difference("\n".join(diff))


def equal(what, got, expected):
    """Fails unless two values are the same; writes them down. Lists are told apart line by line."""
    if isinstance(got, list) and isinstance(expected, list):
        print(f"    {what}:")
        same(got, expected)
        return
    print(f"    {what}: {got}")
    if got != expected:
        raise Difference(f"{what}:\n  expected {expected!r}\n  told     {got!r}")


def say(words):
    print(f"-- {words}")


def play(story):
    """Runs a story: `python STORY PORT FOLDER`, the folder being that of the bars. Ends the process."""
    port, folder = int(sys.argv[1]), sys.argv[2]
    bars = model.load(folder)
    desk = Desk(port, 1, bars)
    code = 0
    try:
        desk.wait("nextValidId")
        story(desk)
        desk.rows_told()
    except Difference as difference:
        print(f"DIFFERENCE\n{difference}", flush=True)
        print("".join(traceback.format_exc().splitlines(keepends=True)[-12:]), flush=True)
        code = 1
    except Exception:
        print(traceback.format_exc(), flush=True)
        code = 2
    for seated in Desk.seated:
        seated.leave()
    print("told as it should be" if code == 0 else "FAILED", flush=True)
    sys.exit(code)
