//! The handle of a running gateway's faults.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::deed::Deed;
use super::fault::{Fault, Unfit, When};
use super::trouble::{Struck, Timer};
use crate::gateway::hall::Hall;

/// Makes things go wrong in a gateway that runs. Copies are handles of the same gateway.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Hall>);

impl Faults {
    pub(in crate::gateway) fn new(hall: Arc<Hall>) -> Faults {
        Faults(hall)
    }

    /// Adds a fault to those that wait; one for [`When::Now`] strikes before this returns.
    ///
    /// # Errors
    /// The fault could never do what it says.
    pub fn inject(&self, fault: Fault) -> Result<(), Unfit> {
        if let Some(unfit) = fault.unfit() {
            return Err(unfit);
        }
        let mut exchange = self.0.lock();
        if fault.when == When::Now {
            let name = fault.title().to_owned();
            exchange.strike_now(name, fault.deed, fault.only);
        } else {
            exchange.trouble.arm(fault);
        }
        self.0.go_on(&mut exchange);
        Ok(())
    }

    /// Does it at once, to everyone it can be done to.
    ///
    /// # Errors
    /// The deed needs a request or a message to work on.
    pub fn now(&self, deed: Deed) -> Result<(), Unfit> {
        self.inject(Fault::new(When::Now, deed))
    }

    /// Forgets the faults that have not struck, and the seed. What has struck goes on.
    pub fn clear(&self) {
        self.0.lock().trouble.disarm();
    }

    /// Ends what lasts: connections that stand still, wait or go slowly, outages, symbols that are halted or whose
    /// data does not come, a closed listener, and the wait for clients that were dropped.
    pub fn release(&self) {
        let mut exchange = self.0.lock();
        exchange.release();
        self.0.go_on(&mut exchange);
    }

    /// What has struck so far, in its order; of very many the last 100,000.
    pub fn struck(&self) -> Vec<Struck> {
        self.0.lock().trouble.struck.iter().cloned().collect()
    }
}

/// Ends what lasts for a time by the wall's clock.
pub(in crate::gateway) async fn keep_time(hall: Arc<Hall>, mut timers: mpsc::UnboundedReceiver<Timer>) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            timer = timers.recv() => match timer {
                Some(Timer { number, after }) => {
                    running.spawn(async move {
                        tokio::time::sleep(after).await;
                        number
                    });
                }
                None => return,
            },
            Some(over) = running.join_next() => {
                if let Ok(number) = over {
                    hall.lock().time_is_up(number);
                }
            }
        }
    }
}
