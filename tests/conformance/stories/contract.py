"""A stock's details, by its symbol and by its id; the rule of its prices."""

from desk import equal, play, say, stock
from ibapi.contract import Contract


def story(desk):
    desk.rows_told()
    say("by its symbol")
    desk.reqContractDetails(1, stock("XYZ"))
    (name, (req_id, details)), end = desk.rows_told()
    equal("answers", (name, req_id, end), ("contractDetails", 1, ("contractDetailsEnd", (1,))))
    contract = details.contract
    equal("the contract", (contract.symbol, contract.secType, contract.currency, contract.exchange,
                           contract.localSymbol, contract.tradingClass),
          ("XYZ", "STK", "USD", "SMART", "XYZ", "XYZ"))
    equal("it has an id", contract.conId > 0, True)
    equal("the tick", (details.minTick, details.priceMagnifier), (0.01, 1))
    equal("shares", (str(details.minSize), str(details.sizeIncrement), str(details.suggestedSizeIncrement)),
          ("1", "1", "100"))
    equal("its kind", (details.stockType, details.marketName), ("COMMON", "XYZ"))
    equal("its clock", details.timeZoneId, "US/Eastern")
    liquid, trading = details.liquidHours.split(";"), details.tradingHours.split(";")
    equal("the session of the bars' day", liquid[:2], ["20131004:0930-20131004:1600", "20131005:CLOSED"])
    equal("its whole day", trading[:2], ["20131004:0400-20131004:2000", "20131005:CLOSED"])
    equal("what it takes", sorted({"LMT", "MKT", "STP"} - set(details.orderTypes.split(","))), [])

    say("by its id: the same")
    again = Contract()
    again.conId = contract.conId
    desk.reqContractDetails(2, again)
    (_, (_, same_details)), _ = desk.rows_told()
    equal("the same contract", vars(same_details.contract), vars(contract))

    say("a rule for each of its exchanges; the first one is a cent at every price it trades at")
    exchanges, rules = details.validExchanges.split(","), details.marketRuleIds.split(",")
    equal("one rule for each exchange", (len(exchanges), exchanges[0]), (len(rules), "SMART"))
    desk.reqMarketRule(int(rules[0]))
    (_, (rule, increments)), = desk.rows_told()
    steps = [(step.lowEdge, step.increment) for step in increments]
    equal("the rule", (rule, [step for low, step in steps if low <= 10][-1]), (int(rules[0]), 0.01))

    say("what is not there")
    for number, (what, value) in enumerate([("symbol", "QQQQQ"), ("secType", "OPT"), ("currency", "JPY")], 3):
        stranger = stock("XYZ")
        setattr(stranger, what, value)
        desk.reqContractDetails(number, stranger)
        desk.expects(f"error {number} 200 No security definition has been found for the request")


play(story)
