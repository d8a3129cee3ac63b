use std::sync::Arc;

use prost::Message;
use rust_decimal::Decimal;
use tokio::sync::Notify;

use super::*;
use crate::gateway::bars::{Series, SourceBar};
use crate::gateway::exchange::Exchange;
use crate::gateway::messages::{CancelOrder, Contract, OpenOrder, Order, PlaceOrder, asked, told};
use crate::gateway::requests::MarketStart;
use crate::gateway::wire;

const ORDERS: i32 = 3_000;

/// An exchange where client 1 has `ORDERS` limits far below the market, each with a long reference.
fn exchange() -> Exchange {
    let price = Decimal::TEN;
    let time = "2013-10-04T15:59:00-04:00".parse().expect("a time");
    let bar = SourceBar { time, open: price, high: price, low: price, close: price, volume: 12 };
    let series = Series::new(vec![bar]).expect("a whole bar");
    let market = Market::new("DU0000001".to_owned(), price, vec![("XYZ".to_owned(), series)]);
    let mut exchange = Exchange::new(market);
    exchange.clients.insert(1, Client::new(Arc::new(Notify::new())));
    for id in 1..=ORDERS {
        let text = |text: &str| Some(text.to_owned());
        let order = Order {
            action: text("BUY"),
            quantity: text("1"),
            order_type: text("LMT"),
            limit_price: Some(1.0),
            order_ref: Some("r".repeat(200)),
            transmit: Some(true),
            ..Order::default()
        };
        let contract = Some(Contract { symbol: text("XYZ"), ..Contract::default() });
        ask(
            &mut exchange,
            asked::PLACE_ORDER,
            &PlaceOrder { order_id: Some(id), contract, order: Some(order) },
        );
        take(&mut exchange);
    }
    exchange
}

fn ask(exchange: &mut Exchange, id: u32, message: &impl Message) {
    let asked = exchange.handle(1, id, &message.encode_to_vec(), MarketStart::OnCommand);
    assert!(asked.expect("well formed").is_none());
}

fn client(exchange: &mut Exchange) -> &mut Client {
    exchange.clients.get_mut(&1).expect("the client")
}

/// The next piece.
fn take(exchange: &mut Exchange) -> Vec<u8> {
    let Exchange { market, clients, .. } = exchange;
    let mut out = Vec::new();
    clients.get_mut(&1).expect("the client").hand_over(market, &mut out);
    out
}

/// Everything that waits, piece by piece: the ids of the frames, and of open orders the order's.
fn take_all(exchange: &mut Exchange) -> Vec<(u32, i32)> {
    let (mut frames, mut bytes) = (Vec::new(), Vec::new());
    loop {
        assert!(client(exchange).waiting() < 8 * PIECE_BYTES);
        let piece = take(exchange);
        if piece.is_empty() {
            break;
        }
        assert!(piece.len() < PIECE_BYTES + 4_096, "{}", piece.len());
        bytes.extend_from_slice(&piece);
    }
    let mut rest = bytes.as_slice();
    while let Some(frame) = wire::frame(rest).expect("frames") {
        let id = frame.id - wire::PROTOBUF_ID;
        let order = match id {
            told::OPEN_ORDER => {
                wire::read::<OpenOrder>(id, frame.message).expect("a message").order_id.unwrap_or(0)
            }
            _ => 0,
        };
        frames.push((id, order));
        rest = &rest[frame.bytes..];
    }
    assert!(rest.is_empty());
    frames
}

fn open_orders(frames: &[(u32, i32)]) -> Vec<i32> {
    frames.iter().filter(|(id, _)| *id == told::OPEN_ORDER).map(|(_, order)| *order).collect()
}

#[test]
fn a_long_listing_is_told_in_pieces_in_order_and_its_end_comes_last() {
    let mut exchange = exchange();
    ask(&mut exchange, asked::ALL_OPEN_ORDERS, &crate::gateway::messages::Empty {});
    assert!(!client(&mut exchange).takes_requests() && !client(&mut exchange).keeps_up());
    let frames = take_all(&mut exchange);
    assert_eq!(open_orders(&frames), (1..=ORDERS).collect::<Vec<_>>());
    assert_eq!(frames.last(), Some(&(told::OPEN_ORDERS_END, 0)));
    assert!(client(&mut exchange).takes_requests() && client(&mut exchange).keeps_up());
}

#[test]
fn what_ends_while_its_listing_is_under_way_is_left_out_and_its_end_is_told_after_the_list() {
    let mut exchange = exchange();
    ask(&mut exchange, asked::OPEN_ORDERS, &crate::gateway::messages::Empty {});
    ask(&mut exchange, asked::CANCEL_ORDER, &CancelOrder { order_id: Some(ORDERS) });
    let frames = take_all(&mut exchange);
    let end = frames.iter().position(|frame| *frame == (told::OPEN_ORDERS_END, 0)).expect("an end");
    assert_eq!(open_orders(&frames[..end]), (1..ORDERS).collect::<Vec<_>>());
    assert_eq!(open_orders(&frames[end..]), [ORDERS]);
    assert_eq!(frames.last().map(|(id, _)| *id), Some(told::ERROR));
}

#[test]
fn what_befalls_very_many_orders_at_once_is_told_in_pieces_and_in_order() {
    let mut exchange = exchange();
    ask(&mut exchange, asked::GLOBAL_CANCEL, &crate::gateway::messages::Empty {});
    ask(&mut exchange, asked::CURRENT_TIME, &crate::gateway::messages::Empty {});
    assert!(!client(&mut exchange).takes_requests());
    let frames = take_all(&mut exchange);
    assert_eq!(open_orders(&frames), (1..=ORDERS).collect::<Vec<_>>());
    assert_eq!(frames.iter().filter(|(id, _)| *id == told::ERROR).count(), ORDERS as usize);
    assert_eq!(frames.last(), Some(&(told::CURRENT_TIME, 0)), "what was asked later is answered later");
}

#[test]
fn a_client_that_lets_too_much_pile_up_is_given_up_and_costs_nothing_any_more() {
    let mut exchange = exchange();
    let mut most = 0;
    for _ in 0..1_000_000 {
        if client(&mut exchange).is_overrun() {
            break;
        }
        most = most.max(client(&mut exchange).waiting());
        let Exchange { market, clients, .. } = &mut exchange;
        clients.get_mut(&1).expect("the client").tell(
            market,
            &Fact::Cancelled(0, crate::gateway::venue::Reason::Asked),
            Ear::Owner,
        );
    }
    assert!(client(&mut exchange).is_overrun());
    assert!(most > WAITING_BYTES_MAX / 2 && most <= WAITING_BYTES_MAX, "{most}");
    assert_eq!(client(&mut exchange).waiting(), 0);
    assert!(take(&mut exchange).is_empty());
}
