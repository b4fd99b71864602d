//! The alarm: sees whether the driver has gone, tells what could not be told, and sends what was kept.

use std::rc::Rc;

use onway_core::driver::schedule::Task;
use onway_core::rejection::Rejection;

use super::session::Session;
use crate::identity::wall;

impl Session {
    pub(super) async fn ring(self: &Rc<Self>) -> Result<(), Rejection> {
        let wall = wall();
        self.close_silent();
        let connected = self.is_connected();
        let (gone, tell, spill) = self.change(|driver| {
            driver.schedule.fired(wall);
            let mut gone = false;
            if driver.schedule.begin(Task::Presence, wall) {
                driver.schedule.succeeded(Task::Presence);
                gone = driver.presence.judge(connected, wall);
                driver.revision += u64::from(gone);
                if driver.presence.online && !connected {
                    driver.schedule.plan(Task::Presence, driver.presence.gone_at());
                }
            }
            Ok((gone, driver.schedule.begin(Task::Tell, wall), driver.schedule.begin(Task::Spill, wall)))
        })?;
        if gone {
            self.presence_changed()?;
        }
        if tell {
            self.tell().await?;
        }
        if spill {
            let left = self.drain_spill().await;
            self.change(|driver| {
                match left {
                    Ok(false) => driver.schedule.succeeded(Task::Spill),
                    _ => driver.schedule.failed(Task::Spill, crate::identity::wall(), js_sys::Math::random()),
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}
