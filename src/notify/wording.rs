//! The words in which this deployment tells people something: its texts, its name, its language and its clock.

use onway_core::clock::Millis;
use onway_core::notice::texts::{Language, Texts};
use onway_core::rejection::Rejection;
use onway_core::wire::input;

use crate::config::Config;
use crate::statistics;

const DAY_MIN: i64 = 24 * 60;

pub struct Wording {
    pub texts: Texts,
    pub language: Language,
    pub operator: String,
    zone: Option<String>,
}

impl Wording {
    pub fn of(config: &Config<'_>) -> Result<Self, Rejection> {
        let texts = match config.text("TEXTS") {
            Some(given) => {
                let read = input::json(given.as_bytes()).map_err(|wrong| wrong.to_string());
                read.and_then(Texts::parse)
                    .map_err(|wrong| Rejection::Misconfigured(format!("TEXTS cannot be read: {wrong}")))?
            }
            None => Texts::default(),
        };
        Ok(Self {
            texts,
            language: Language::from_tag(&config.text("LOCALE").unwrap_or_default()),
            operator: config.text("OPERATOR_NAME").unwrap_or_else(|| "Onway".into()),
            zone: config.text("TIMEZONE"),
        })
    }

    /// A time as a clock of the deployment's zone shows it. Without a zone there is none: that of another would mislead.
    pub fn time(&self, at_secs: i64) -> Option<String> {
        let local = statistics::local(self.zone.as_deref()?, Millis(at_secs * 1000))?;
        let minute = local.0.div_euclid(60_000).rem_euclid(DAY_MIN);
        Some(format!("{:02}:{:02}", minute / 60, minute % 60))
    }
}
