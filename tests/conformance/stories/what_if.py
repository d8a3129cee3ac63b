"""What an order would bind and cost, without an order; its id is used up."""

from desk import equal, order, play, say


def story(desk):
    desk.join("XYZ")
    desk.step()
    last = desk.bars["XYZ"][0].close
    equal("the last price", str(last), "9.98")
    desk.told()

    say("400 shares at 10.00 bind a quarter of their value and cost 2.00")
    desk.place(1, order("BUY", "LMT", 10.00, 400, whatIf=True))
    rows = [row for row in desk.rows_told() if row[0] == "openOrder"]
    equal("answers", len(rows), 1)
    order_id, contract, told, state = rows[0][1]
    equal("the order", (order_id, contract.symbol, told.action, str(told.totalQuantity), told.orderType, told.lmtPrice,
                        told.whatIf), (1, "XYZ", "BUY", "400", "LMT", 10.0, True))
    equal("its state", state.status, "PreSubmitted")
    for name, before, change, after in (
        ("initMargin", 0, 1000, 1000), ("maintMargin", 0, 1000, 1000), ("equityWithLoan", 100_000, -2, 99_998),
    ):
        values = [float(getattr(state, f"{name}{part}")) for part in ("Before", "Change", "After")]
        equal(name, values, [before, change, after])
    equal("commission", (state.commissionAndFees, state.commissionAndFeesCurrency), (2.0, "USD"))

    say("nothing came of it")
    desk.reqOpenOrders()
    desk.expects("openOrderEnd")
    desk.step(12)
    equal("fills", desk.told("realtimeBar"), [])
    desk.reqIds(-1)
    desk.expects("nextValidId 2")


play(story)
