use proptest::prelude::*;

use super::*;
use crate::gateway::ledger::Ledger;

/// The seeds of a target, as they lie in `tests/fuzz/corpus`.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let entries = std::fs::read_dir(folder).expect("a folder of seeds");
    let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read(entry.expect("an entry").path());
    entries.map(|entry| read(entry).expect("a seed")).collect()
}

#[test]
fn the_seeds_of_the_fuzzer_and_what_lies_near_them_break_nothing() {
    for (target, door) in [("frames", frames as fn(&[u8])), ("messages", messages)] {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{target} has seeds");
        for seed in seeds {
            door(&seed);
            for cut in (0..seed.len()).step_by(7) {
                door(&seed[..cut]);
                let mut turned = seed.clone();
                turned[cut] ^= 1 << (cut % 8);
                door(&turned);
            }
        }
    }
}

#[test]
fn a_seed_of_each_target_reaches_the_exchange() {
    let world = World::new();
    let live =
        |world: &World| world.0.lock().market.venue.orders.iter().filter(|o| o.state.is_live()).count();
    assert!(live(&world) >= 9, "stops, targets and limits rest: {}", live(&world));
    world.ask(2, asked::GLOBAL_CANCEL, &[]);
    assert_eq!(live(&world), 0);
}

#[test]
fn what_the_ledger_keeps_is_what_there_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let value = |market: &Market| serde_json::to_value(market.venue.memory()).expect("it can be written");
    for (nth, seed) in seeds("messages").into_iter().enumerate() {
        let path = folder.path().join(nth.to_string());
        let world = World::new();
        {
            let mut exchange = world.0.lock();
            exchange.ledger = Some(Ledger::open(&path, &mut exchange.market).expect("a ledger"));
        }
        play(&world, &seed);
        for _ in 0..30 {
            world.take_everything();
            world.step();
        }
        world.0.close();
        let mut again = market();
        let _ledger = Ledger::open(&path, &mut again).expect("the ledger again");
        let exchange = world.0.lock();
        let mut expected = value(&exchange.market);
        for order in expected["orders"].as_array_mut().expect("orders") {
            if order["state"] == "Held" {
                order["state"] = serde_json::json!({ "Cancelled": "Lost" });
            }
        }
        assert_eq!(value(&again), expected, "seed {nth}");
        assert_eq!((again.now, again.upcoming()), (exchange.market.now, exchange.market.upcoming()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_of_a_client_break_the_gateway(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        frames(&bytes);
        messages(&bytes);
    }

    #[test]
    fn no_messages_of_clients_break_the_gateway(
        asked in proptest::collection::vec(
            (any::<u8>(), 0_u8..110, proptest::collection::vec(any::<u8>(), 0..60)), 0..40,
        ),
    ) {
        let mut bytes = Vec::new();
        for (how, id, message) in asked {
            bytes.extend_from_slice(&[how, id, 0, message.len() as u8]);
            bytes.extend_from_slice(&message);
        }
        messages(&bytes);
    }
}
