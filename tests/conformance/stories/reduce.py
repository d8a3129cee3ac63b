"""Groups of types 2 and 3: the shares of a fill are taken from the others; who has none left is cancelled."""

from desk import equal, order, play, say


def story(desk):
    desk.join("XYZ")
    desk.step()
    desk.told()
    for number, oca in enumerate((2, 3)):
        say(f"type {oca}: 60 of a group filled leave 90 of 150, and nothing of 40")
        first = 1 + 3 * number
        tied = dict(ocaGroup=f"group {oca}", ocaType=oca)
        desk.place(first, order("BUY", "MKT", quantity=60, **tied))
        desk.place(first + 1, order("BUY", "STP", 11.00, quantity=150, **tied))
        desk.place(first + 2, order("BUY", "LMT", 9.00, quantity=40, **tied))
        desk.told()
        desk.step()
        a, b, c = (f"P{first + more}" for more in range(3))
        price = str(desk.bars["XYZ"][1 + number].open)
        words = f"ocaGroup=group {oca} ocaType={oca}"
        time = f"20131004 09:30:{5 * (1 + number):02} US/Eastern"
        filled = [
            f"openOrder {first} client 1 {a}: BUY 60 XYZ MKT GTC filled 60 {words} -> Filled",
            f"orderStatus {first} client 1 {a}: Filled 60/0 at {price} last {price}",
        ]
        equal("told", desk.told("realtimeBar"), [
            f"execDetails -1: X{1 + number} order {first} client 1 {a} BOT 60 XYZ at {price} {time} SMART cum 60 avg {price}"
            f" ref '' liquidity 2 DU0000001",
            *filled, *filled,
            f"commission X{1 + number}: 1 USD realized 0",
            f"openOrder {first + 1} client 1 {b}: BUY 90 XYZ STP aux 11 GTC {words} -> PreSubmitted",
            f"orderStatus {first + 1} client 1 {b}: PreSubmitted 0/90 held trigger",
            f"openOrder {first + 2} client 1 {c}: BUY 40 XYZ LMT lmt 9 GTC {words} -> Cancelled",
            f"orderStatus {first + 2} client 1 {c}: Cancelled 0/40",
            f"error {first + 2} 202 Order Canceled - reason:another order of its group was filled",
        ])


play(story)
