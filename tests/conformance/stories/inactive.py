"""An order beyond the account: 201, it stands Inactive, its children are cancelled; 135 for a change that names a filled parent."""

from desk import bracket, equal, order, play, say


def story(desk):
    desk.join("XYZ")
    desk.step()
    desk.told()

    say("50,000 shares at 9.98 bind 124,750 of 99,750")
    for order_id, leg in bracket(1, 9.00, 11.00):
        leg.totalQuantity = 50_000
        desk.place(order_id, leg)
    told = desk.told()
    equal("the entry", told[4:7], [
        "openOrder 1 client 1 P1: BUY 50000 XYZ MKT GTC orderRef=E -> Inactive",
        "orderStatus 1 client 1 P1: Inactive 0/50000",
        "error 1 201 Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR"
        " EQUITY WITH LOAN VALUE [99750.00 USD] MUST EXCEED THE INITIAL MARGIN [124750.00 USD]",
    ])
    equal("what became of them", [line.split(": ")[1].split(" ")[0] for line in told if line.startswith("orderStatus")],
          ["PreSubmitted", "PreSubmitted", "Inactive", "Cancelled", "Cancelled"])
    desk.cancel(1)
    desk.expects("error 1 10148 OrderId 1 that needs to be cancelled cannot be cancelled, state: Inactive.")
    desk.reqOpenOrders()
    desk.expects("openOrderEnd")

    say("a stop moved while it still names its filled parent: 135, and the stop is gone")
    for leg in bracket(4, 9.00, 11.00):
        desk.place(*leg)
    desk.told()
    desk.step()
    desk.told()
    trap = order("SELL", "STP", 9.50, orderRef="S", ocaGroup="plan", ocaType=1, parentId=4)
    desk.place(5, trap)
    told = desk.told()
    equal("the error first", told[0], "error 5 135 Can't find order with id = 4")
    equal("then its end", [line for line in told[1:] if line.startswith("orderStatus")],
          ["orderStatus 5 client 1 P5: Cancelled 0/100 child of 4"])
    desk.reqOpenOrders()
    equal("the target is all that is left", [line.split()[1] for line in desk.told()[:-1]], ["6", "6"])


play(story)
