"""A client connects and learns what there is; a second one with its id is turned away."""

from desk import ACCOUNT, Desk, equal, play, say

OPEN = 1380893400  # 2013-10-04 09:30 in New York


def story(desk):
    say("the welcome")
    equal("server version", desk.serverVersion(), 225)
    equal("connection time", desk.connTime.decode(), "20131004 09:30:00 US/Eastern")
    desk.expects(f"""
        connectAck
        managedAccounts {ACCOUNT}
        nextValidId 1
        error -1 2104 Market data farm connection is OK:simulated
        error -1 2106 HMDS data farm connection is OK:simulated
        error -1 2158 Sec-def data farm connection is OK:simulated
        error -1 2198 simulated gateway: market time, no real orders
    """)
    equal("market time", desk.time(), OPEN)

    say("asked again")
    desk.reqIds(-1)
    desk.reqManagedAccts()
    desk.expects(f"""
        nextValidId 1
        managedAccounts {ACCOUNT}
    """)

    say("the same id once more")
    twin = Desk(desk.port, 1)
    twin.wait("connectionClosed")
    equal("what it is told", twin.peek(), [
        "connectAck",
        "error -1 326 Unable to connect as the client id is already in use. Retry with a unique client id.",
        "connectionClosed",
    ])
    twin.leave()

    say("another id, and the first one again when it is free")
    other = Desk(desk.port, 2)
    equal("its first order id", other.wait("nextValidId")[1], (1,))
    other.leave()
    desk.expects("")


play(story)
