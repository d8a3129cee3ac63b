"""A callback of IBKR's Python client as one line of text that holds every value of it.

Permanent ids and execution ids are told as P1, P2, … and X1, X2, … in the order in which they were first told, so
that a line says which are the same. Attributes of orders and of their states that differ from what the client takes
for "not there" are all in the line: a field that should not have come is seen as well as one that is missing.
"""

from decimal import Decimal

from ibapi.const import UNSET_DECIMAL, UNSET_DOUBLE, UNSET_INTEGER, UNSET_LONG
from ibapi.contract import Contract, ContractDetails
from ibapi.order import Order
from ibapi.order_state import OrderState

names = {}

# What the lines of an order tell in words of their own, or what is the same for each order here.
SPELLED = {
    "orderId", "clientId", "permId", "action", "totalQuantity", "orderType", "tif", "account", "transmit",
    "lmtPrice", "auxPrice", "filledQuantity", "softDollarTier", "parentPermId", "smartComboRoutingParams",
}


def named(kind, value):
    """P1 for the first permanent id that is told, and so on; 0 stays 0."""
    if not value:
        return "0"
    known = names.setdefault(kind, {})
    return known.setdefault(value, f"{kind}{len(known) + 1}")


def number(value):
    """A number as short as it is exact; `-` where nothing was told."""
    if value in (UNSET_DOUBLE, UNSET_INTEGER, UNSET_LONG) or value == UNSET_DECIMAL or value is None:
        return "-"
    if isinstance(value, float):
        text = repr(value)
        return text[:-2] if text.endswith(".0") else text
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def others(told, plain, spelled):
    """The attributes that are not as a plain one has them, `name=value`, in the order of their names."""
    found = []
    for name, value in sorted(vars(told).items()):
        if name in spelled or value == getattr(plain, name):
            continue
        found.append(f"{name}={number(value) if isinstance(value, (int, float, Decimal)) else value}")
    return "".join(" " + text for text in found)


def order_words(order):
    prices = "".join(
        f" {word} {number(price)}"
        for word, price in (("lmt", order.lmtPrice), ("aux", order.auxPrice))
        if price not in (0.0, UNSET_DOUBLE)
    )
    account = "" if order.account == "DU0000001" else f" account {order.account!r}"
    filled = "" if order.filledQuantity in (Decimal(0), UNSET_DECIMAL) else f" filled {number(order.filledQuantity)}"
    parent = f" child of {named('P', order.parentPermId)}" if order.parentPermId else ""
    held = "" if order.transmit else " not transmitted"
    return (
        f"{order.action} {number(order.totalQuantity)}{{}} {order.orderType}{prices} {order.tif}{filled}{parent}"
        f"{held}{account}{others(order, Order(), SPELLED)}"
    )


def open_order(order_id, contract, order, state):
    perm_id, words = named("P", order.permId), order_words(order).format(f" {contract.symbol}")
    return (
        f"openOrder {order_id} client {order.clientId} {perm_id}: {words}"
        f" -> {state.status}{others(state, OrderState(), {'status'})}"
    )


def order_status(order_id, status, filled, remaining, average, perm_id, parent, last, client, why_held, cap):
    why = f" held {why_held}" if why_held else ""
    up = f" child of {parent}" if parent else ""
    fill = f" at {number(average)} last {number(last)}" if average or last else ""
    capped = "" if cap == 0 else f" cap {number(cap)}"
    return (
        f"orderStatus {order_id} client {client} {named('P', perm_id)}: {status}"
        f" {number(filled)}/{number(remaining)}{fill}{up}{why}{capped}"
    )


def execution(req_id, contract, told):
    return (
        f"execDetails {req_id}: {named('X', told.execId)} order {told.orderId} client {told.clientId}"
        f" {named('P', told.permId)} {told.side} {number(told.shares)} {contract.symbol} at {number(told.price)}"
        f" {told.time} {told.exchange} cum {number(told.cumQty)} avg {number(told.avgPrice)} ref {told.orderRef!r}"
        f" liquidity {told.lastLiquidity} {told.acctNumber}"
    )


def commission(told):
    return (
        f"commission {named('X', told.execId)}: {number(told.commissionAndFees)} {told.currency}"
        f" realized {number(told.realizedPNL)}"
    )


def completed(contract, order, state):
    perm_id, words = named("P", order.permId), order_words(order).format(f" {contract.symbol}")
    return (
        f"completedOrder {order.orderId} client {order.clientId} {perm_id}: {words}"
        f" -> {state.status}{others(state, OrderState(), {'status'})}"
    )


def bar(told):
    prices = " ".join(number(price) for price in (told.open, told.high, told.low, told.close))
    return f"{told.date} {prices} volume {number(told.volume)} wap {number(told.wap)} count {told.barCount}"


def contract_details(req_id, details):
    contract = details.contract
    return (
        f"contractDetails {req_id}: {contract.conId} {contract.symbol}"
        f"{others(contract, Contract(), {'conId', 'symbol'})};{others(details, ContractDetails(), {'contract'})}"
    )


LINES = {
    "openOrder": open_order,
    "orderStatus": order_status,
    "execDetails": execution,
    "execDetailsEnd": lambda req_id: f"execDetailsEnd {req_id}",
    "commissionAndFeesReport": commission,
    "completedOrder": completed,
    "error": lambda req_id, time, code, text, reject: (
        f"error {req_id} {code} {' | '.join(text.splitlines())}{reject and f' {reject}'}"
    ),
    "position": lambda account, contract, quantity, cost: (
        f"position {account} {contract.symbol} {number(quantity)} cost {number(cost)}"
    ),
    "accountSummary": lambda req_id, account, tag, value, currency: (
        f"accountSummary {req_id} {account} {tag} {value} {currency}".rstrip()
    ),
    "realtimeBar": lambda req_id, time, open_, high, low, close, volume, wap, count: (
        f"realtimeBar {req_id} {time} {' '.join(map(number, (open_, high, low, close)))}"
        f" volume {number(volume)} wap {number(wap)} count {count}"
    ),
    "historicalData": lambda req_id, told: f"historicalData {req_id} {bar(told)}",
    "historicalDataUpdate": lambda req_id, told: f"historicalDataUpdate {req_id} {bar(told)}",
    "contractDetails": contract_details,
    "marketRule": lambda rule, rows: (
        f"marketRule {rule}: {', '.join(f'from {number(row.lowEdge)} by {number(row.increment)}' for row in rows)}"
    ),
    "tickPrice": lambda req_id, kind, price, attributes: f"tickPrice {req_id} {kind} {number(price)}",
    "tickByTickAllLast": lambda req_id, kind, time, price, size, attributes, exchange, conditions: (
        f"tickByTickAllLast {req_id} {kind} {time} {number(price)} {number(size)} {exchange}{conditions}"
    ),
    "orderBound": lambda perm_id, client, order_id: f"orderBound {named('P', perm_id)} client {client} order {order_id}",
}


def line(name, args):
    """The line of a callback; one without words of its own is its name and its arguments."""
    if name in LINES:
        return LINES[name](*args)
    return " ".join([name] + [number(arg) for arg in args])
