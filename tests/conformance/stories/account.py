"""The account's rows are worked out from the fills: pushed after each, and equal to what the rules say."""

from decimal import Decimal

import lines
import model
from desk import ACCOUNT, equal, order, play, say

TAGS = [
    "NetLiquidation", "TotalCashValue", "BuyingPower", "AvailableFunds", "ExcessLiquidity", "InitMarginReq",
    "MaintMarginReq",
]


def rows(cash, held):
    """What the tags are worth, `held` being pairs of shares and their last price."""
    gross = sum((abs(shares * price) for shares, price in held), Decimal(0))
    worth = cash + sum(shares * price for shares, price in held)
    margin = gross / 4
    values = [worth, cash, 4 * worth - gross, worth - margin, worth - margin, margin, margin]
    return [f"accountSummary 7 {ACCOUNT} {tag} {value:.2f} USD" for tag, value in zip(TAGS, values)]


def summary(desk):
    return [line for line in desk.told() if line.startswith("accountSummary")]


def story(desk):
    desk.join("XYZ", "ABC")
    xyz, abc = desk.bars["XYZ"], desk.bars["ABC"]
    cash = Decimal(100_000)

    say("before any trade")
    desk.reqAccountSummary(7, "All", ",".join(TAGS))
    equal("the account", desk.told(), rows(cash, []) + ["accountSummaryEnd 7"])

    say("300 XYZ bought and 40 ABC sold short, at the first bars' opens; they fill in the order of their symbols")
    desk.reqPositions()
    desk.place(1, order("BUY", "MKT", quantity=300))
    desk.place(2, order("SELL", "MKT", quantity=40), "ABC")
    desk.told()
    desk.step()
    fees = model.commission(300, xyz[0].open), model.commission(40, abc[0].open)
    equal("commissions", fees, (Decimal("1.50"), Decimal("1.00")))
    cash += -300 * xyz[0].open + 40 * abc[0].open - sum(fees)
    told = desk.told("realtimeBar", "openOrder", "orderStatus", "execDetails")
    equal("what the two fills brought", told, [
        "commission X1: 1 USD realized 0",
        "commission X2: 1.5 USD realized 0",
        f"position {ACCOUNT} ABC -40 cost {lines.number((50 * 40 - fees[1]) / 40)}",
        f"position {ACCOUNT} XYZ 300 cost {lines.number((10 * 300 + fees[0]) / 300)}",
        *rows(cash, [(300, xyz[0].close), (-40, abc[0].close)]),
    ])

    say("the whole minute tells what the prices made of it")
    desk.step(11)
    equal("at 09:31", summary(desk), rows(cash, [(300, xyz[11].close), (-40, abc[11].close)]))

    say("account updates say the same, with what is held")
    desk.reqAccountUpdates(True, ACCOUNT)
    told = desk.told()
    values = {line.split()[1]: line.split()[2] for line in told if line.startswith("updateAccountValue")}
    equal("the values", [f"accountSummary 7 {ACCOUNT} {tag} {values[tag]} USD" for tag in TAGS],
          rows(cash, [(300, xyz[11].close), (-40, abc[11].close)]))
    equal("the end", told[-2:], ["updateAccountTime 09:31", f"accountDownloadEnd {ACCOUNT}"])
    desk.reqAccountUpdates(False, ACCOUNT)

    say("all of it closed: the cash is the worth, the profits add up to it, and a cancelled subscription is silent")
    desk.cancelAccountSummary(7)
    desk.step(6)
    desk.place(3, order("SELL", "MKT", quantity=300))
    desk.place(4, order("BUY", "MKT", quantity=40), "ABC")
    desk.told()
    desk.step()
    profit = {
        "XYZ": 300 * (xyz[18].open - xyz[0].open) - 2 * fees[0],
        "ABC": 40 * (abc[0].open - abc[18].open) - 2 * fees[1],
    }
    cash = 100_000 + sum(profit.values())
    equal("what the two fills brought", desk.told("realtimeBar", "openOrder", "orderStatus", "execDetails"), [
        f"commission X3: 1 USD realized {lines.number(profit['ABC'])}",
        f"commission X4: 1.5 USD realized {lines.number(profit['XYZ'])}",
        f"position {ACCOUNT} ABC 0 cost 0",
        f"position {ACCOUNT} XYZ 0 cost 0",
    ])
    desk.reqAccountSummary(8, "All", "NetLiquidation,TotalCashValue,GrossPositionValue")
    equal("the account", desk.told(), [
        f"accountSummary 8 {ACCOUNT} NetLiquidation {cash:.2f} USD",
        f"accountSummary 8 {ACCOUNT} TotalCashValue {cash:.2f} USD",
        f"accountSummary 8 {ACCOUNT} GrossPositionValue 0.00 USD",
        "accountSummaryEnd 8",
    ])


play(story)
