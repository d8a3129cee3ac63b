"""Executions since midnight, whole and filtered, each with its commission; completed orders with their ends."""

from desk import Desk, order, play, say
from ibapi.execution import ExecutionFilter


def asked(**fields):
    made = ExecutionFilter()
    for name, value in fields.items():
        assert hasattr(made, name), name
        setattr(made, name, value)
    return made


XYZ = """
        execDetails {}: X1 order 1 client 1 P1 BOT 100 XYZ at 10 20131004 09:30:00 US/Eastern SMART cum 100 avg 10 ref 'first' liquidity 2 DU0000001
        commission X1: 1 USD realized 0
"""
ABC = """
        execDetails {}: X2 order 1 client 2 P2 SLD 40 ABC at 50 20131004 09:30:05 US/Eastern SMART cum 40 avg 50 ref 'second' liquidity 2 DU0000001
        commission X2: 1 USD realized 0
"""


def story(desk):
    desk.join("XYZ", "ABC")
    other = Desk(desk.port, 2)
    other.wait("nextValidId")
    other.rows_told()

    say("one fill of each of two clients, five seconds apart; an order that is cancelled, one that lives")
    desk.place(1, order("BUY", "MKT", orderRef="first"))
    desk.told()
    desk.step()
    other.place(1, order("SELL", "MKT", quantity=40, orderRef="second"), "ABC")
    other.told()
    desk.step()
    desk.place(2, order("BUY", "LMT", 9.00, tif="DAY", orderRef="third"))
    desk.cancel(2)
    desk.place(3, order("SELL", "STP", 9.00, orderRef="fourth"))
    desk.told()
    other.told()

    say("both clients are told all of the account's executions")
    for client, number in ((desk, 11), (other, 12)):
        client.reqExecutions(number, ExecutionFilter())
        client.expects((XYZ + ABC).replace("\n\n", "\n").format(number, number) + f"        execDetailsEnd {number}")

    say("each filter lets pass what it says")
    cases = [
        (dict(clientId=1), XYZ),
        (dict(clientId=2), ABC),
        (dict(symbol="ABC"), ABC),
        (dict(side="BUY"), XYZ),
        (dict(side="SLD"), ABC),
        (dict(time="20131004-13:30:05"), ABC),
        (dict(time="20131004 09:30:05 US/Eastern"), ABC),
        (dict(acctCode="DU0000001", secType="STK", symbol="XYZ"), XYZ),
        (dict(symbol="ABC", side="BUY"), ""),
        (dict(acctCode="DU7"), ""),
    ]
    for number, (fields, told) in enumerate(cases, 20):
        print("   ", fields)
        desk.reqExecutions(number, asked(**fields))
        desk.expects(told.format(number) + f"        execDetailsEnd {number}")

    say("what has ended, oldest first, with the shares that were left")
    desk.reqCompletedOrders(False)
    desk.expects("""
        completedOrder 1 client 1 P1: BUY 0 XYZ MKT GTC filled 100 orderRef=first -> Filled completedStatus=Filled Size: 100 completedTime=20131004 09:30:00 US/Eastern
        completedOrder 1 client 2 P2: SELL 0 ABC MKT GTC filled 40 orderRef=second -> Filled completedStatus=Filled Size: 40 completedTime=20131004 09:30:05 US/Eastern
        completedOrder 2 client 1 P3: BUY 100 XYZ LMT lmt 9 DAY orderRef=third -> Cancelled completedStatus=Cancelled by Trader completedTime=20131004 09:30:10 US/Eastern
        completedOrdersEnd
    """)
    other.leave()


play(story)
