"""Stocks of the catalogue: IBKR's own ids, where they are listed, the hours of a half day, the steps of their prices."""

from desk import equal, order, play, say, stock


def details(desk, symbol):
    desk.reqContractDetails(1, stock(symbol))
    (_, (_, told)), _ = desk.rows_told()
    return told


def story(desk):
    desk.join("SPY")

    say("ids and listings as IBKR has them")
    for symbol, con_id, exchange, kind, trading_class in (
        ("SPY", 756733, "ARCA", "ETF", "SPY"), ("AAPL", 265598, "NASDAQ", "COMMON", "NMS"),
    ):
        told = details(desk, symbol)
        contract = told.contract
        equal(symbol, (contract.conId, contract.primaryExchange, told.stockType, contract.tradingClass),
              (con_id, exchange, kind, trading_class))

    say("the eve of Thanksgiving: a holiday, a half day, a weekend")
    told = details(desk, "SPY")
    equal("sessions", told.liquidHours.split(";")[:4], [
        "20131127:0930-20131127:1600", "20131128:CLOSED", "20131129:0930-20131129:1300", "20131130:CLOSED"])
    equal("whole days", told.tradingHours.split(";")[:3], [
        "20131127:0400-20131127:2000", "20131128:CLOSED", "20131129:0400-20131129:1700"])

    say("below a dollar the steps are smaller, by the rule its details name")
    penny = details(desk, "PENNY")
    rule = int(penny.marketRuleIds.split(",")[0])
    equal("the least step", (penny.minTick, penny.longName, penny.contract.primaryExchange),
          (0.0001, "PENNY MINING CORP", "AMEX"))
    desk.reqMarketRule(rule)
    desk.expects(f"marketRule {rule}: from 0 by 0.0001, from 1 by 0.01")
    desk.place(1, order("BUY", "LMT", 0.8125), "PENNY")
    desk.expects("""
        openOrder 1 client 1 P1: BUY 100 PENNY LMT lmt 0.8125 GTC -> Submitted
        orderStatus 1 client 1 P1: Submitted 0/100
    """)
    desk.place(2, order("BUY", "LMT", 1.0125), "PENNY")
    desk.expects("error 2 110 The price does not conform to the minimum price variation for this contract.")
    desk.cancel(1)
    desk.told()

    say("a day order given after the eve's close lives to 13:00 of the half day")
    equal("Wednesday", desk.time(), 1385585940)
    desk.step(12)
    desk.told()
    desk.place(3, order("BUY", "LMT", 100.00, tif="DAY"), "SPY")
    desk.expects("""
        openOrder 3 client 1 P2: BUY 100 SPY LMT lmt 100 DAY -> PreSubmitted
        orderStatus 3 client 1 P2: PreSubmitted 0/100
    """)
    opens, closes = 1385735400, 1385748000  # Friday 09:30 and 13:00
    desk.step()
    equal("the half day opens", (desk.time(), desk.told("realtimeBar")[-1]),
          (opens + 5, "orderStatus 3 client 1 P2: Submitted 0/100"))
    desk.step((closes - opens) // 5 - 2)
    equal("five seconds to its close", (desk.time(), desk.told("realtimeBar")), (closes - 5, []))
    desk.step()
    equal("the close", desk.told("realtimeBar")[-1].split("-")[0], "error 3 202 Order Canceled ")


play(story)
