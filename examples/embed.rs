//! prusik inside another program: a paper run over three sessions of synthetic bars, from one plan.
//!
//! `cargo run --example embed`

use prusik::config::Config;
use prusik::gateway::{Speed, synthetic_bars};
use prusik::runtime::{AtEnd, MarketPlace, Options, Runtime};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    std::fs::create_dir(dir.path().join("plans"))?;
    std::fs::write(dir.path().join("plans/aapl.yaml"), include_str!("../plans/aapl.yaml"))?;
    let runtime = Runtime::start(Options {
        dir: dir.path().to_owned(),
        config: Config::default(),
        market: MarketPlace::Embedded { bars: synthetic_bars(), cash: 100_000.into(), speed: Speed::Max },
        at_end: AtEnd::Exit,
        webhook: None,
        // A host hears everything that people are told.
        listener: Some(Box::new(|at, told| println!("{at} {told}"))),
    })
    .await?;
    let summary = runtime.run().await?;
    println!("{} trades over {} bars", summary.trades.len(), summary.bars);
    Ok(())
}
