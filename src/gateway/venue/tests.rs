//! What holds for any orders and any bars: the books find what looking at every order finds, shares and cash are
//! conserved, and a venue that was written down and read again goes on as if nothing had been.

use std::num::NonZeroU32;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::gateway::account::commission_of;
use crate::gateway::bars::Bar;
use crate::gateway::feed::Slot;
use plain::{Is, Plain, PlainVenue};

mod plain;

const CASH: i64 = 100_000;
/// Far beyond every story.
const DAY_ENDS: i64 = 1_000_000;

#[derive(Debug, Clone)]
enum Act {
    Place(Asked),
    /// A parent, and children that are sent with it.
    Family(Asked, Vec<Asked>),
    Amend {
        which: usize,
        quantity: i64,
        kind: Kind,
    },
    Cancel {
        which: usize,
    },
    Fill {
        which: usize,
        shares: i64,
        price: Decimal,
    },
    Bar {
        prices: [Decimal; 4],
        volume: u64,
        traded: bool,
        session: bool,
    },
    Restart,
}

#[derive(Debug, Clone)]
struct Asked {
    side: Side,
    quantity: i64,
    kind: Kind,
    any_hour: bool,
    group: Option<u8>,
    oca_type: i32,
    lives_seconds: Option<i64>,
    /// The child of an order that is there already.
    parent: Option<usize>,
}

fn price() -> impl Strategy<Value = Decimal> {
    (960i64..1_040).prop_map(|cents| Decimal::new(cents, 2))
}

fn kind() -> impl Strategy<Value = Kind> {
    let by = prop_oneof![
        (1i64..40).prop_map(|cents| Distance::Amount(Decimal::new(cents, 2))),
        (1i64..40).prop_map(|tenths| Distance::Percent(Decimal::new(tenths, 1))),
    ];
    prop_oneof![
        Just(Kind::Market),
        price().prop_map(Kind::Limit),
        price().prop_map(Kind::Stop),
        (price(), price()).prop_map(|(stop, limit)| Kind::StopLimit { stop, limit }),
        (by, prop::option::weighted(0.3, price())).prop_map(|(by, start)| Kind::Trail { by, start }),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn asked() -> impl Strategy<Value = Asked> {
    let lives = prop::option::weighted(0.2, 1i64..60);
    let group = prop::option::weighted(0.4, 0u8..4);
    let parent = prop::option::weighted(0.2, 0usize..40);
    (side(), 1i64..60, kind(), any::<bool>(), group, 0i32..4, lives, parent).prop_map(
        |(side, quantity, kind, any_hour, group, oca_type, lives_seconds, parent)| Asked {
            side,
            quantity,
            kind,
            any_hour,
            group,
            oca_type,
            lives_seconds,
            parent,
        },
    )
}

fn bar() -> impl Strategy<Value = Act> {
    let flags = (prop::bool::weighted(0.9), prop::bool::weighted(0.8));
    (prop::array::uniform4(price()), prop_oneof![Just(0u64), 1u64..120], flags).prop_map(
        |(mut prices, volume, (traded, session))| {
            let [open, close] = [prices[0], prices[3]];
            prices.sort_unstable();
            Act::Bar { prices: [open, prices[3], prices[0], close], volume, traded, session }
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    let which = 0usize..40;
    prop_oneof![
        4 => asked().prop_map(Act::Place),
        2 => (asked(), prop::collection::vec(asked(), 1..3)).prop_map(|(parent, kids)| Act::Family(parent, kids)),
        2 => (which.clone(), 1i64..60, kind())
            .prop_map(|(which, quantity, kind)| Act::Amend { which, quantity, kind }),
        1 => which.clone().prop_map(|which| Act::Cancel { which }),
        1 => (which, 1i64..40, price()).prop_map(|(which, shares, price)| Act::Fill { which, shares, price }),
        6 => bar(),
        1 => Just(Act::Restart),
    ]
}

/// The venue and its plain double, told the same.
struct Pair {
    venue: Venue,
    plain: PlainVenue,
    percent: Option<NonZeroU32>,
    now: i64,
}

impl Pair {
    fn new(percent: Option<NonZeroU32>) -> Pair {
        let mut venue = Venue::new(Decimal::from(CASH), 1, Hours::Session);
        venue.rules.margin = Margin::Ignored;
        venue.rules.fills = percent.map_or(Fills::Whole, |percent| Fills::BarVolume { percent });
        Pair { venue, plain: PlainVenue::default(), percent, now: 100 }
    }

    fn play(&mut self, act: &Act) {
        let mut facts = Vec::new();
        let count = self.plain.orders.len();
        let lives = |which: &usize| self.plain.orders.get(*which).is_some_and(Plain::lives);
        match act {
            Act::Place(asked) => {
                let parent = asked.parent.filter(lives);
                self.send(asked, parent, Transmit::Now);
                self.double(asked, parent);
            }
            Act::Family(parent, kids) => {
                self.send(parent, None, Transmit::Hold);
                for (index, kid) in kids.iter().enumerate() {
                    let last = index + 1 == kids.len();
                    self.send(kid, Some(count), if last { Transmit::Now } else { Transmit::Hold });
                }
                self.double(parent, None);
                for kid in kids {
                    // Whatever refused the parent took its children with it.
                    let parent = self.plain.orders[count].lives();
                    self.double(kid, Some(count));
                    if !parent && let Some(kid) = self.plain.orders.last_mut() {
                        kid.is = Is::Cancelled;
                    }
                }
            }
            Act::Amend { which, quantity, kind } if lives(which) => {
                let order = &self.venue.orders[*which];
                let mut ticket = Ticket { quantity: *quantity, kind: *kind, ..order.ticket.clone() };
                ticket.parent = 0;
                let filled = self.plain.orders[*which].filled;
                let done = self.venue.place(ticket, &self.moment(), &mut facts);
                assert_eq!(done.is_ok(), filled <= *quantity);
                if done.is_ok() {
                    self.plain.amend(*which, *quantity, *kind);
                }
            }
            Act::Cancel { which } if lives(which) => {
                self.venue.cancel(key(*which), self.now, &mut facts).expect("it lives");
                self.plain.cancel(*which);
            }
            Act::Fill { which, shares, price } if lives(which) => {
                self.venue.fill_now(*which, *shares, *price, self.now, &mut facts);
                let shares = self.plain.fillable(*which).min(*shares);
                if self.plain.orders[*which].is == Is::Working && shares > 0 {
                    self.plain.fill(*which, shares, *price, self.now, i64::MIN);
                }
            }
            Act::Bar { prices, volume, traded, session } => self.bar(*prices, *volume, *traded, *session),
            Act::Restart => {
                let text = serde_json::to_string(&self.venue.memory()).expect("it can be written");
                let memory = serde_json::from_str(&text).expect("it can be read");
                let (rules, hours) = (self.venue.rules, self.venue.hours);
                self.venue = Venue::new(Decimal::ZERO, 1, hours);
                self.venue.rules = rules;
                self.venue.restore(memory).expect("it is whole");
            }
            Act::Amend { .. } | Act::Cancel { .. } | Act::Fill { .. } => {}
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.now, hours: Hours::Session, day_ends: Some(DAY_ENDS), late_ends: Some(DAY_ENDS) }
    }

    fn send(&mut self, asked: &Asked, parent: Option<usize>, transmit: Transmit) {
        let place = self.venue.orders.len();
        let ticket = Ticket {
            key: key(place),
            symbol: 0,
            side: asked.side,
            quantity: asked.quantity,
            kind: asked.kind,
            life: asked.lives_seconds.map_or(Life::Day, |seconds| Life::Until(self.now + seconds)),
            reach: if asked.any_hour { Reach::AnyHour } else { Reach::Session },
            transmit,
            parent: parent.map_or(0, |parent| key(parent).id),
            oca_group: asked.group.map_or(String::new(), |group| format!("g{group}")),
            oca_type: asked.oca_type,
            trigger_method: 0,
            order_ref: String::new(),
        };
        let moment = self.moment();
        self.venue.place(ticket, &moment, &mut Vec::new()).expect("a well formed order");
    }

    fn double(&mut self, asked: &Asked, parent: Option<usize>) {
        let own = asked.group.map(|group| format!("g{group}"));
        let family = parent.map(|parent| format!("p{parent}"));
        self.plain.place(Plain {
            side: asked.side,
            quantity: asked.quantity,
            kind: asked.kind,
            any_hour: asked.any_hour,
            parent,
            reduces: (own.is_none() && family.is_some()) || matches!(asked.oca_type, 2 | 3),
            group: own.or(family).unwrap_or_default(),
            expires: Some(asked.lives_seconds.map_or(DAY_ENDS, |seconds| self.now + seconds)),
            is: Is::Working,
            filled: 0,
            taken: 0,
            pulled: false,
            stop: None,
            best: None,
            after: i64::MIN,
        });
    }

    fn bar(&mut self, prices: [Decimal; 4], volume: u64, traded: bool, session: bool) {
        let [open, high, low, close] = prices;
        let bar = match traded {
            true => Bar { start: self.now, open, high, low, close, volume, count: 1 },
            false => Bar::flat(self.now, close),
        };
        let hours = if session { Hours::Session } else { Hours::Outside };
        let slot = Slot { start: self.now, hours, bars: vec![Some(bar)] };
        self.venue.trade(&slot, hours, &mut Vec::new());
        let offer = match self.percent {
            Some(percent) if volume > 0 => volume as i64 * i64::from(percent.get()) / 100,
            _ => i64::MAX,
        };
        self.plain.bar(&bar, session, offer);
        self.now += 5;
    }

    fn check(&self) {
        let fills: Vec<_> =
            self.venue.executions.iter().map(|it| (it.order, it.shares, it.price, it.time)).collect();
        assert_eq!(fills, self.plain.fills);
        for (place, (order, plain)) in self.venue.orders.iter().zip(&self.plain.orders).enumerate() {
            let is = match order.state {
                State::Held => panic!("every family was sent"),
                State::Waiting => Is::Waiting,
                State::Working => Is::Working,
                State::Filled(_) => Is::Filled,
                State::Cancelled(_) => Is::Cancelled,
                State::Inactive(_) => Is::Inactive,
            };
            assert_eq!(is, plain.is, "the state of order {place}");
            assert_eq!(
                (order.ticket.quantity, order.filled),
                (plain.quantity, plain.filled),
                "order {place}"
            );
            if plain.lives() {
                assert_eq!(order.trail_stop, plain.stop, "the stop of order {place}");
            }
            assert_eq!(order.state.is_live(), self.venue.live.contains(&place));
        }
        self.check_account();
    }

    /// What is held is what was bought less what was sold; the cash is what that left.
    fn check_account(&self) {
        let Venue { orders, executions, account, .. } = &self.venue;
        let (mut held, mut cash) = (0, Decimal::from(CASH));
        for it in executions {
            let signed = orders[it.order].ticket.side.signed(it.shares);
            held += signed;
            cash -= Decimal::from(signed) * it.price + it.commission;
        }
        assert_eq!((account.holdings[0].quantity, account.cash), (held, cash));
        for (place, order) in orders.iter().enumerate() {
            let own = || executions.iter().filter(|it| it.order == place);
            let charged: Decimal = own().map(|it| it.commission).sum();
            assert_eq!(own().map(|it| it.shares).sum::<i64>(), order.filled);
            if order.filled > 0 {
                assert_eq!(charged, commission_of(order.filled, order.value));
            }
        }
    }
}

fn key(place: usize) -> Key {
    Key { client: 1, id: place as i32 + 1 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_books_find_what_looking_at_every_order_finds(
        acts in prop::collection::vec(act(), 1..80),
        percent in prop::option::of(1u32..150),
    ) {
        let mut pair = Pair::new(percent.and_then(NonZeroU32::new));
        for act in &acts {
            pair.play(act);
            pair.check();
        }
    }
}

#[test]
fn a_memory_that_points_to_nothing_is_refused() {
    let mut pair = Pair::new(None);
    pair.play(&Act::Place(Asked {
        side: Side::Buy,
        quantity: 10,
        kind: Kind::Market,
        any_hour: false,
        group: None,
        oca_type: 0,
        lives_seconds: None,
        parent: None,
    }));
    let memory = serde_json::to_value(pair.venue.memory()).expect("it can be written");
    let broken = |path: &str, value: serde_json::Value| {
        let mut memory = memory.clone();
        *memory.pointer_mut(path).expect("a field") = value;
        let memory: Memory = serde_json::from_value(memory).expect("it can be read");
        Venue::new(Decimal::ZERO, 1, Hours::Session).restore(memory).err()
    };
    assert_eq!(broken("/orders/0/ticket/symbol", 7.into()), Some(Damage::Order { place: 0 }));
    assert_eq!(broken("/orders/0/parent", 0.into()), Some(Damage::Order { place: 0 }));
    assert_eq!(broken("/orders/0/last", 3.into()), Some(Damage::Order { place: 0 }));
    let other = Venue::new(Decimal::ZERO, 2, Hours::Session).restore(pair.venue.memory()).err();
    assert_eq!(other, Some(Damage::Symbols { remembered: 1, there: 2 }));
}
