//! Everything that can go wrong at a gateway, on demand: by a script file, by a seed, or by a handle in this process.
//!
//! | file | what |
//! | --- | --- |
//! | `fault`, `deed`, `names` | a fault: when it strikes, whom, and what it does |
//! | `script`, `spelling`, `sheet`, `yaml` | faults from a file, and what is wrong with one |
//! | `dice` | faults by seed |
//! | `handle` | faults by a program |
//! | `trouble` | the faults that wait, what has struck, and what lasts |
//! | `asking`, `batch`, `moments`, `line` | where the exchange asks: at a request, at what is about to be sent, at an instant, at a connection |
//! | `orders`, `market` | what is done to orders, and to the market |
//! | `frames`, `texts`, `words` | malformed and rearranged frames; what IBKR says with its codes; a deed in the log |
//!
//! The exchange asks at four places, and each costs one look where there are no faults: a connection comes to a step, a
//! request is about to be done, an instant has been traded, frames are about to be handed to a connection. All of it
//! happens behind the exchange's lock and in market time, so that the same faults and the same requests bring the
//! same frames; only what stands still or waits does so by the wall's clock.

mod asking;
mod batch;
mod deed;
mod dice;
mod fault;
mod frames;
mod handle;
mod line;
mod market;
mod moments;
mod names;
mod orders;
mod script;
mod sheet;
mod spelling;
mod texts;
mod trouble;
mod words;
mod yaml;

/// A fault file with every deed, each with its meaning.
pub const EXAMPLE: &str = include_str!("faults/example.yaml");

pub use deed::{
    Corrupt, Cut, Deed, Door, Found, Gone, Jump, Lasting, Meanwhile, Outage, Pace, Parts, Priced, Ratio,
    Reorder, Restart, Restored, Spell, Stranger, Trickle, Unit, Words,
};
pub use dice::Seed;
pub use fault::{Fault, Kin, Only, Step, Times, Unfit, When};
pub use handle::Faults;
pub use names::{Callback, Request};
pub use script::{FaultFileError, FaultProblem, load_faults, read_faults};

pub use trouble::Struck;

pub(super) use asking::Flow;
pub(super) use dice::Dice;
pub(super) use handle::keep_time;
pub(super) use line::{half_of, stand_still};
pub(super) use trouble::{Line, Timer, Trouble};
