//! prusik inside another program: a paper run over three sessions of synthetic bars, from one plan.
//!
//! `cargo run --example embed`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use prusik::gateway::{Speed, synthetic_bars};
use prusik::{MarketPlace, Options, Runtime};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    std::fs::create_dir(dir.path().join("plans"))?;
    std::fs::write(dir.path().join("plans/aapl.yaml"), include_str!("../plans/aapl.yaml"))?;
    let bars = synthetic_bars();
    let mut options =
        Options::new(dir.path(), MarketPlace::Embedded { bars, cash: 100_000.into(), speed: Speed::Max });
    // A host hears everything that people are told.
    options.listener = Some(Box::new(|at, told| println!("{at} {told}")));
    let summary = Runtime::start(options).await?.run().await?;
    println!("{} trades over {} bars", summary.trades.len(), summary.bars);
    Ok(())
}
