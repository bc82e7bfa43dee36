"""Languages: how numbers are said, and the sentences of each locale; the figures come from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mobile_api.voice.degrees import fahrenheit

Phrase: TypeAlias = Literal[
    "welcome",
    "help",
    "goodbye",
    "not_understood",
    "link_account",
    "no_devices",
    "which_device",
    "not_allowed",
    "not_now",
    "one_moment",
    "unnamed",
    "no_advice",
    "advice_set",
    "advice_off",
    "advice_dry",
    "advice_fan",
    "advice_same",
    "advice_followed",
    "saves",
    "saves_money",
    "saves_only_money",
    "shall_i",
    "confirm_set",
    "confirm_alone",
    "nothing_changed",
    "done",
    "sent",
    "rejected",
    "offline",
    "only_observed",
    "why_warmer",
    "why_cooler",
    "why_nothing",
    "notice",
    "heard_too_hot",
    "alone",
    "alone_sent",
    "saved",
    "saved_weeks",
    "saved_no_consent",
    "saved_soon",
    "kwh_one",
    "kwh_many",
    "degrees",
    "and",
]


Coin: TypeAlias = tuple[str, str]
"""What one is called, and many."""


@dataclass(frozen=True, slots=True)
class Language:
    """What is said in a locale.

    Attributes:
        locale: Such as `en-US`.
        texts: The sentences, with placeholders.
        coins: What currencies (ISO 4217) and their hundredth parts are called; others by their code.
        decimal: The decimal sign.
        is_fahrenheit: Whether its people think in Fahrenheit.
    """

    locale: str
    texts: Mapping[Phrase, str]
    coins: Mapping[str, tuple[Coin, Coin]]
    decimal: Literal[".", ","] = "."
    is_fahrenheit: bool = False

    def say(self, phrase: Phrase, **parts: str) -> str:
        """A sentence with its parts."""
        return self.texts[phrase].format(**parts)

    def temperature(self, temperature_c: float) -> str:
        """A temperature, given in [Cel]: whole degrees Fahrenheit, or half degrees Celsius."""
        if self.is_fahrenheit:
            return self.say("degrees", value=f"{fahrenheit(temperature_c):.0f}")
        return self.say("degrees", value=self.number(temperature_c).removesuffix(f"{self.decimal}0"))

    def number(self, value: float) -> str:
        """A number to one digit after the sign."""
        rounded = round(value, 1) + 0.0  # no minus zero
        return f"{rounded:.1f}".replace(".", self.decimal)

    def energy(self, energy_kwh: float) -> str:
        """An energy [kWh]."""
        said = self.number(energy_kwh)
        return self.say("kwh_one") if said == self.number(1.0) else self.say("kwh_many", value=said)

    def money(self, amount: float, interval: tuple[float, float], currency: str) -> dict[str, str]:
        """The parts of a sentence of an amount and its interval [currency], to the hundredth part.

        Less than one of the currency is said in hundredths, as the same figures.
        """
        called = self.coins.get(currency)
        is_small = called is not None and max(abs(each) for each in (amount, *interval)) < 1
        scaled = [100 * each if is_small else each for each in (amount, *interval)]
        said = [self._amount(each, is_small=is_small) for each in scaled]
        one, many = called[is_small] if called is not None else (currency, currency)
        return {"money": f"{said[0]} {one if said[0] == '1' else many}", "low": said[1], "high": said[2]}

    def _amount(self, value: float, *, is_small: bool) -> str:
        text = f"{round(value) + 0 if is_small else round(value, 2) + 0.0:.{0 if is_small else 2}f}"
        return text.removesuffix(".00").replace(".", self.decimal)

    def listed(self, names: list[str]) -> str:
        """Names one after another."""
        if len(names) == 1:
            return names[0]
        return f"{', '.join(names[:-1])} {self.say('and')} {names[-1]}"


ENGLISH: Final[Mapping[Phrase, str]] = {
    "welcome": "Ask me what to set, why, or how much you have saved.",
    "help": "You can ask: what should I set, why, or how much did I save this month. You can say: do it, "
    "I'm too hot, or leave me alone tonight. What would you like?",
    "goodbye": "Goodbye.",
    "not_understood": "I did not understand that. Ask me, for example, what to set.",
    "link_account": "First link your account: I have put a card into the Alexa app.",
    "no_devices": "There is no air conditioner in your homes yet.",
    "which_device": "Which one do you mean: {names}?",
    "not_allowed": "You may not do this here.",
    "not_now": "I cannot find that out right now. Please try again in a moment.",
    "one_moment": "One moment.",
    "unnamed": "the air conditioner",
    "no_advice": "I don't know yet what to advise for {name}: it has to report for longer.",
    "advice_set": "I would set {name} to {temperature}.",
    "advice_off": "I would switch {name} off.",
    "advice_dry": "I would let {name} dry the air.",
    "advice_fan": "I would let {name} run its fan only.",
    "advice_same": "I would leave {name} as it is, at {temperature}.",
    "advice_followed": "It is following this advice already.",
    "saves": "That should save about {energy} over the coming day, between {low} and {high}.",
    "saves_money": "That is about {money}, between {low} and {high}.",
    "saves_only_money": "That should save about {money} over the coming day, between {low} and {high}.",
    "shall_i": "Shall I do it?",
    "confirm_set": "{advice} Shall I do it?",
    "confirm_alone": "I would leave {name} as it is until 6 in the morning. Shall I?",
    "nothing_changed": "All right, nothing is changed.",
    "done": "Done: {name} has confirmed it.",
    "sent": "I have sent it, but {name} has not confirmed it yet.",
    "rejected": "{name} has not accepted it.",
    "offline": "I have not heard from {name} lately, so I cannot do that.",
    "only_observed": "For {name} you have chosen only to observe, so I change nothing.",
    "why_warmer": "Without advice {name} would run at {habit} and use about {before} over the coming day, "
    "with it about {after}.",
    "why_cooler": "It costs about {energy} more over the coming day than your habit of {habit}, for comfort.",
    "why_nothing": "There is hardly anything to save right now.",
    "notice": "I expect a chance of about {percent} percent that somebody notices.",
    "heard_too_hot": "I am sorry. I have noted it, and the advice will go by it.",
    "alone": "Done: {name} stays as it is until 6 in the morning.",
    "alone_sent": "I have asked for that until 6 in the morning, but {name} has not confirmed it yet.",
    "saved": "In the last four weeks advice has saved about {energy}, between {low} and {high}.",
    "saved_weeks": "I don't know yet: I need about {weeks} more weeks.",
    "saved_no_consent": "I don't know: savings are measured only if you allow it in the app.",
    "saved_soon": "I don't know yet: the days are there, but the figure is not computed.",
    "kwh_one": "one kilowatt-hour",
    "kwh_many": "{value} kilowatt-hours",
    "degrees": "{value} degrees",
    "and": "or",
}

GERMAN: Final[Mapping[Phrase, str]] = {
    "welcome": "Frag mich, was du einstellen sollst, warum, oder wie viel du gespart hast.",
    "help": "Du kannst fragen: was soll ich einstellen, warum, oder wie viel habe ich diesen Monat gespart. "
    "Du kannst sagen: mach das, mir ist zu warm, oder lass mich heute Nacht in Ruhe. Was möchtest du?",
    "goodbye": "Auf Wiederhören.",
    "not_understood": "Das habe ich nicht verstanden. Frag mich zum Beispiel, was du einstellen sollst.",
    "link_account": "Verknüpfe zuerst dein Konto: In der Alexa-App liegt eine Karte dafür.",
    "no_devices": "In deinem Zuhause gibt es noch keine Klimaanlage.",
    "which_device": "Welche meinst du: {names}?",
    "not_allowed": "Das darfst du hier nicht.",
    "not_now": "Das kann ich gerade nicht herausfinden. Versuch es bitte gleich noch einmal.",
    "one_moment": "Einen Moment.",
    "unnamed": "die Klimaanlage",
    "no_advice": "Für {name} weiß ich noch keinen Rat: Ich brauche noch mehr Messwerte.",
    "advice_set": "Ich würde {name} auf {temperature} stellen.",
    "advice_off": "Ich würde {name} ausschalten.",
    "advice_dry": "Ich würde {name} die Luft trocknen lassen.",
    "advice_fan": "Ich würde bei {name} nur den Ventilator laufen lassen.",
    "advice_same": "Ich würde {name} so lassen, bei {temperature}.",
    "advice_followed": "Dieser Rat wird schon befolgt.",
    "saves": "Das spart am kommenden Tag voraussichtlich etwa {energy}, zwischen {low} und {high}.",
    "saves_money": "Das sind etwa {money}, zwischen {low} und {high}.",
    "saves_only_money": "Das spart am kommenden Tag voraussichtlich etwa {money}, zwischen {low} und {high}.",
    "shall_i": "Soll ich das machen?",
    "confirm_set": "{advice} Soll ich das machen?",
    "confirm_alone": "Ich würde {name} bis 6 Uhr früh so lassen. Soll ich?",
    "nothing_changed": "Gut, es bleibt alles, wie es ist.",
    "done": "Erledigt: {name} hat es bestätigt.",
    "sent": "Ich habe es gesendet, aber {name} hat es noch nicht bestätigt.",
    "rejected": "{name} hat es nicht angenommen.",
    "offline": "Von {name} habe ich länger nichts gehört, deshalb geht das nicht.",
    "only_observed": "Für {name} hast du nur Beobachten gewählt, deshalb ändere ich nichts.",
    "why_warmer": "Ohne Rat liefe {name} mit {habit} und bräuchte am kommenden Tag etwa {before}, "
    "mit dem Rat etwa {after}.",
    "why_cooler": "Es kostet am kommenden Tag etwa {energy} mehr als gewohnt mit {habit}, für mehr Komfort.",
    "why_nothing": "Im Moment gibt es kaum etwas zu sparen.",
    "notice": "Ich rechne mit etwa {percent} Prozent Wahrscheinlichkeit, dass es jemand merkt.",
    "heard_too_hot": "Das tut mir leid. Ich habe es notiert, und der Rat richtet sich danach.",
    "alone": "Erledigt: {name} bleibt bis 6 Uhr früh so.",
    "alone_sent": "Ich habe darum bis 6 Uhr früh gebeten, aber {name} hat es noch nicht bestätigt.",
    "saved": "In den letzten vier Wochen hat der Rat etwa {energy} gespart, zwischen {low} und {high}.",
    "saved_weeks": "Das weiß ich noch nicht: Ich brauche noch etwa {weeks} Wochen.",
    "saved_no_consent": "Das weiß ich nicht: Ersparnis wird nur gemessen, wenn du es in der App erlaubst.",
    "saved_soon": "Das weiß ich noch nicht: Die Tage sind da, aber die Zahl ist noch nicht berechnet.",
    "kwh_one": "eine Kilowattstunde",
    "kwh_many": "{value} Kilowattstunden",
    "degrees": "{value} Grad",
    "and": "oder",
}

ENGLISH_COINS: Final[Mapping[str, tuple[Coin, Coin]]] = {
    "EUR": (("euro", "euros"), ("cent", "cents")),
    "USD": (("dollar", "dollars"), ("cent", "cents")),
    "GBP": (("pound", "pounds"), ("penny", "pence")),
    "CHF": (("franc", "francs"), ("centime", "centimes")),
}

GERMAN_COINS: Final[Mapping[str, tuple[Coin, Coin]]] = {
    "EUR": (("Euro", "Euro"), ("Cent", "Cent")),
    "USD": (("Dollar", "Dollar"), ("Cent", "Cent")),
    "GBP": (("Pfund", "Pfund"), ("Penny", "Pence")),
    "CHF": (("Franken", "Franken"), ("Rappen", "Rappen")),
}

LANGUAGES: Final[Mapping[str, Language]] = {
    "en-US": Language("en-US", ENGLISH, ENGLISH_COINS, is_fahrenheit=True),
    "de-DE": Language("de-DE", GERMAN, GERMAN_COINS, decimal=","),
}


def language_of(locale: str) -> Language:
    """The language of a locale: the same, else the same language, else English."""
    near = (name for name in LANGUAGES if name[:2] == locale[:2])
    return LANGUAGES.get(locale) or LANGUAGES[next(near, "en-US")]
