"""Fills in parts, by the volume of the bars: each an execution of its own, the status between them, one commission in all."""

from decimal import Decimal

import lines
import model
from desk import equal, order, play, say


def story(desk):
    desk.join("XYZ")
    bars = desk.bars["XYZ"]
    equal("the volumes", [bar.volume for bar in bars[:3]], [100, 100, 100])

    say("250 shares on bars of 100: 100, 100, 50")
    desk.place(1, order("BUY", "MKT", quantity=250, orderRef="parts"))
    desk.told()
    desk.reqPositions()
    desk.told()
    done, paid, cost = 0, Decimal(0), Decimal(0)
    for number, (bar, shares) in enumerate(zip(bars, (100, 100, 50)), 1):
        desk.step()
        done += shares
        cost += shares * bar.open
        fee = model.commission(done, cost / done) - paid
        paid += fee
        average, price = lines.number(cost / done), lines.number(bar.open)
        status = "Filled" if done == 250 else "Submitted"
        stands = [
            f"openOrder 1 client 1 P1: BUY 250 XYZ MKT GTC filled {done} orderRef=parts -> {status}",
            f"orderStatus 1 client 1 P1: {status} {done}/{250 - done} at {average} last {price}",
        ]
        time = f"20131004 09:30:{5 * (number - 1):02} US/Eastern"
        equal(f"part {number}", desk.told("realtimeBar"), [
            f"execDetails -1: X{number} order 1 client 1 P1 BOT {shares} XYZ at {price} {time} SMART cum {done}"
            f" avg {average} ref 'parts' liquidity 2 DU0000001",
            *stands, *stands,
            f"commission X{number}: {lines.number(fee)} USD realized 0",
            f"position DU0000001 XYZ {done} cost {lines.number(round((cost + paid) / done, 6))}",
        ])
    equal("all of it: average and commission", (lines.number(cost / done), str(paid)), ("9.984", "1.25"))

    say("an order with a part filled tells what is left; cancelled, it keeps its part")
    desk.place(2, order("SELL", "LMT", 9.90, quantity=250))
    desk.step()
    fill = max(Decimal("9.90"), bars[3].open)
    price = lines.number(fill)
    desk.told("realtimeBar")
    desk.reqOpenOrders()
    desk.expects(f"""
        openOrder 2 client 1 P2: SELL 250 XYZ LMT lmt 9.9 GTC filled 100 -> Submitted
        orderStatus 2 client 1 P2: Submitted 100/150 at {price} last {price}
        openOrderEnd
    """)
    desk.place(2, order("SELL", "LMT", 9.90, quantity=99))
    desk.expects("error 2 105 Order being modified does not match original order")
    desk.cancel(2)
    desk.expects(f"""
        openOrder 2 client 1 P2: SELL 250 XYZ LMT lmt 9.9 GTC filled 100 -> Cancelled
        orderStatus 2 client 1 P2: Cancelled 100/150 at {price} last {price}
        error 2 202 Order Canceled - reason:
    """)
    desk.reqCompletedOrders(True)
    told = desk.told()
    equal("both have ended, the second with 150 left", [line.split(" -> ")[0] for line in told[:2]], [
        "completedOrder 1 client 1 P1: BUY 0 XYZ MKT GTC filled 250 orderRef=parts",
        "completedOrder 2 client 1 P2: SELL 150 XYZ LMT lmt 9.9 GTC filled 100",
    ])


play(story)
