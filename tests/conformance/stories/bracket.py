"""Entry, stop and target: held, held, and the last one sends all three; filled, the stop moved, the target cancelled."""

from decimal import Decimal

import model
from desk import bracket, equal, order, play, say


def story(desk):
    desk.join("XYZ")
    first = desk.bars["XYZ"][0]
    desk.reqPositions()
    desk.expects("positionEnd")

    say("two legs are held, the third sends them all")
    legs = bracket(1, 9.50, 10.55)
    for order_id, leg in legs[:2]:
        desk.place(order_id, leg)
    desk.expects("""
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC not transmitted orderRef=E -> PreSubmitted
        orderStatus 1 client 1 P1: PreSubmitted 0/100
        openOrder 2 client 1 P2: SELL 100 XYZ STP aux 9.5 GTC child of P1 not transmitted ocaGroup=plan ocaType=1 orderRef=S parentId=1 -> PreSubmitted
        orderStatus 2 client 1 P2: PreSubmitted 0/100 child of 1
    """)
    desk.place(*legs[2])
    desk.expects("""
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC orderRef=E -> Submitted
        orderStatus 1 client 1 P1: Submitted 0/100
        openOrder 2 client 1 P2: SELL 100 XYZ STP aux 9.5 GTC child of P1 ocaGroup=plan ocaType=1 orderRef=S parentId=1 -> PreSubmitted
        orderStatus 2 client 1 P2: PreSubmitted 0/100 child of 1 held child
        openOrder 3 client 1 P3: SELL 100 XYZ LMT lmt 10.55 GTC child of P1 ocaGroup=plan ocaType=1 orderRef=T parentId=1 -> PreSubmitted
        orderStatus 3 client 1 P3: PreSubmitted 0/100 child of 1 held child
    """)

    say("the first bar fills the entry at its open: execution, status twice, commission, position; its children go to work")
    desk.step()
    equal("the first bar's open", first.open, Decimal("10.00"))
    equal("the commission by the rule", model.commission(100, first.open), Decimal("1.00"))
    desk.expects("""
        execDetails -1: X1 order 1 client 1 P1 BOT 100 XYZ at 10 20131004 09:30:00 US/Eastern SMART cum 100 avg 10 ref 'E' liquidity 2 DU0000001
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC filled 100 orderRef=E -> Filled
        orderStatus 1 client 1 P1: Filled 100/0 at 10 last 10
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC filled 100 orderRef=E -> Filled
        orderStatus 1 client 1 P1: Filled 100/0 at 10 last 10
        commission X1: 1 USD realized 0
        openOrder 2 client 1 P2: SELL 100 XYZ STP aux 9.5 GTC child of P1 ocaGroup=plan ocaType=1 orderRef=S parentId=1 -> PreSubmitted
        orderStatus 2 client 1 P2: PreSubmitted 0/100 child of 1 held trigger
        openOrder 3 client 1 P3: SELL 100 XYZ LMT lmt 10.55 GTC child of P1 ocaGroup=plan ocaType=1 orderRef=T parentId=1 -> Submitted
        orderStatus 3 client 1 P3: Submitted 0/100 child of 1
        position DU0000001 XYZ 100 cost 10.01
    """, "realtimeBar")

    say("the stop is moved: the same id, the same permanent id, told twice")
    moved = order("SELL", "STP", 9.80, orderRef="S", ocaGroup="plan", ocaType=1)
    desk.place(2, moved)
    desk.expects("""
        openOrder 2 client 1 P2: SELL 100 XYZ STP aux 9.8 GTC child of P1 ocaGroup=plan ocaType=1 orderRef=S parentId=1 -> PreSubmitted
        orderStatus 2 client 1 P2: PreSubmitted 0/100 child of 1 held trigger
        openOrder 2 client 1 P2: SELL 100 XYZ STP aux 9.8 GTC child of P1 ocaGroup=plan ocaType=1 orderRef=S parentId=1 -> PreSubmitted
        orderStatus 2 client 1 P2: PreSubmitted 0/100 child of 1 held trigger
    """)

    say("the target is cancelled, the stop stays")
    desk.cancel(3)
    desk.expects("""
        openOrder 3 client 1 P3: SELL 100 XYZ LMT lmt 10.55 GTC child of P1 ocaGroup=plan ocaType=1 orderRef=T parentId=1 -> Cancelled
        orderStatus 3 client 1 P3: Cancelled 0/100 child of 1
        error 3 202 Order Canceled - reason:
    """)
    desk.reqOpenOrders()
    desk.expects("""
        openOrder 2 client 1 P2: SELL 100 XYZ STP aux 9.8 GTC child of P1 ocaGroup=plan ocaType=1 orderRef=S parentId=1 -> PreSubmitted
        orderStatus 2 client 1 P2: PreSubmitted 0/100 child of 1 held trigger
        openOrderEnd
    """)

    say("moved up again: it fills at its price, in the first bar that trades through it")
    desk.place(2, order("SELL", "STP", 9.95, orderRef="S", ocaGroup="plan", ocaType=1))
    desk.told()
    reached = next(index for index, bar in enumerate(desk.bars["XYZ"]) if index >= 1 and bar.low <= Decimal("9.95"))
    bar = desk.bars["XYZ"][reached]
    desk.step(reached - 1)
    equal("nothing before that bar", desk.told("realtimeBar"), [])
    desk.step()
    fill = min(Decimal("9.95"), bar.open)
    equal("the fill by the rule", (bar.start, fill), (1380893410, Decimal("9.95")))
    equal("its profit", (fill - first.open) * 100 - 2, Decimal("-7.00"))
    desk.expects("""
        execDetails -1: X2 order 2 client 1 P2 SLD 100 XYZ at 9.95 20131004 09:30:10 US/Eastern SMART cum 100 avg 9.95 ref 'S' liquidity 2 DU0000001
        openOrder 2 client 1 P2: SELL 100 XYZ STP aux 9.95 GTC filled 100 child of P1 ocaGroup=plan ocaType=1 orderRef=S parentId=1 -> Filled
        orderStatus 2 client 1 P2: Filled 100/0 at 9.95 last 9.95 child of 1
        openOrder 2 client 1 P2: SELL 100 XYZ STP aux 9.95 GTC filled 100 child of P1 ocaGroup=plan ocaType=1 orderRef=S parentId=1 -> Filled
        orderStatus 2 client 1 P2: Filled 100/0 at 9.95 last 9.95 child of 1
        commission X2: 1 USD realized -7
        position DU0000001 XYZ 0 cost 0
    """, "realtimeBar")
    desk.cancelPositions()


play(story)
