//! The few fields of frames that ibapi keeps from its user, with IBKR's numbers.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Notice {
    #[prost(int32, tag = "1")]
    pub(crate) id: i32,
    #[prost(int32, tag = "3")]
    pub(crate) code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct OpenOrder {
    #[prost(int32, tag = "1")]
    order_id: i32,
    #[prost(message, optional, tag = "3")]
    order: Option<Owner>,
    #[prost(message, optional, tag = "4")]
    state: Option<State>,
}

#[derive(Clone, PartialEq, Message)]
struct Owner {
    #[prost(int32, tag = "1")]
    client_id: i32,
}

#[derive(Clone, PartialEq, Message)]
struct State {
    #[prost(string, tag = "1")]
    status: String,
}

#[derive(Clone, PartialEq, Message)]
struct OrderStatus {
    #[prost(int32, tag = "1")]
    order_id: i32,
    #[prost(string, tag = "2")]
    status: String,
    #[prost(int32, tag = "9")]
    client_id: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Details {
    #[prost(int32, tag = "1")]
    req_id: i32,
    #[prost(message, optional, tag = "3")]
    execution: Option<Execution>,
}

#[derive(Clone, PartialEq, Message)]
struct Execution {
    #[prost(int32, tag = "1")]
    order_id: i32,
    #[prost(int32, tag = "10")]
    client_id: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Commission {
    #[prost(string, tag = "1")]
    exec_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct Row {
    #[prost(int32, tag = "1")]
    req_id: i32,
    #[prost(string, tag = "3")]
    tag: String,
    #[prost(string, tag = "4")]
    value: String,
    #[prost(string, tag = "5")]
    currency: String,
}

pub(crate) fn read<M: Message + Default>(message: &[u8]) -> M {
    M::decode(message).expect("a message that is what its id says")
}

/// A line for a frame about orders or the account; none for what comes with a connection.
pub(super) fn line((id, message): (u32, Vec<u8>)) -> Option<String> {
    let message = message.as_slice();
    Some(match id {
        3 => {
            let it: OrderStatus = read(message);
            format!("{}/{} status {}", it.client_id, it.order_id, it.status)
        }
        4 => {
            let it: Notice = read(message);
            return (it.id >= 0).then(|| format!("{} notice {}", it.id, it.code));
        }
        5 => {
            let it: OpenOrder = read(message);
            let (owner, state) = (it.order.expect("an order"), it.state.expect("its state"));
            format!("{}/{} open {}", owner.client_id, it.order_id, state.status)
        }
        11 => {
            let it: Details = read(message);
            let execution = it.execution.expect("an execution");
            format!("{}/{} execution of request {}", execution.client_id, execution.order_id, it.req_id)
        }
        59 => format!("commission {}", read::<Commission>(message).exec_id),
        63 => {
            let it: Row = read(message);
            format!("{} row {} {} {}", it.req_id, it.tag, it.value, it.currency)
        }
        64 => format!("{} end", read::<Row>(message).req_id),
        9 | 15 => return None,
        other => format!("frame {other}"),
    })
}
