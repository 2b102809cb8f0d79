#include "limit_phrases.hpp"

namespace mxcd::api {

namespace {

constexpr LimitPhrases english{
    .language = "en",
    .title = "Upload limit",
    .general = "This server limits how much each person can upload.",
    .advice = "Try a smaller file, try again later, or ask the people who run your server.",
    .window_limit = "You can upload {max} within {period}.",
    .size_quota = "You can store {max} in all.",
    .file_quota = "Number of files that you can store in all: {count}.",
    .window_used = "You have used {used} of it.",
    .quota_used = "You have stored {used} (files: {count}).",
    .refused_file = "The refused file is {attempted}.",
    .room_later = "There will be room for a file of this size on {time}, in about {wait}.",
    .room_now = "There should be room for a file of this size by now. Please try again.",
    .never_fits = "A file of this size is larger than the limit itself, so waiting does not help.",
    .room_by_deleting = "There will be room again when media that you have stored is deleted.",
    .time_units = {{{"1 second", "{count} seconds"},
                    {"1 minute", "{count} minutes"},
                    {"1 hour", "{count} hours"},
                    {"1 day", "{count} days"},
                    {"1 week", "{count} weeks"},
                    {"1 year", "{count} years"}}},
    .size_units = {"B", "KiB", "MiB", "GiB", "TiB"},
    .decimal_mark = '.',
};

constexpr LimitPhrases german{
    .language = "de",
    .title = "Grenze für das Hochladen",
    .general = "Dieser Server begrenzt, wie viel jede Person hochladen kann.",
    .advice =
        "Versuchen Sie es mit einer kleineren Datei oder später noch einmal, oder fragen Sie die Betreiber "
        "Ihres Servers.",
    .window_limit = "Innerhalb von {period} können Sie {max} hochladen.",
    .size_quota = "Sie können insgesamt {max} speichern.",
    .file_quota = "Anzahl der Dateien, die Sie insgesamt speichern können: {count}.",
    .window_used = "Davon sind {used} verbraucht.",
    .quota_used = "Gespeichert sind {used} (Dateien: {count}).",
    .refused_file = "Die abgelehnte Datei hat {attempted}.",
    .room_later = "Platz für eine Datei dieser Größe ist wieder am {time}, in etwa {wait}.",
    .room_now =
        "Inzwischen sollte Platz für eine Datei dieser Größe sein. Bitte versuchen Sie es noch einmal.",
    .never_fits = "Eine Datei dieser Größe ist größer als die Grenze selbst; Warten hilft nicht.",
    .room_by_deleting = "Platz entsteht, wenn gespeicherte Medien gelöscht werden.",
    .time_units = {{{"1 Sekunde", "{count} Sekunden"},
                    {"1 Minute", "{count} Minuten"},
                    {"1 Stunde", "{count} Stunden"},
                    {"1 Tag", "{count} Tagen"},
                    {"1 Woche", "{count} Wochen"},
                    {"1 Jahr", "{count} Jahren"}}},
    .size_units = {"B", "KiB", "MiB", "GiB", "TiB"},
    .decimal_mark = ',',
};

constexpr LimitPhrases french{
    .language = "fr",
    .title = "Limite d’envoi",
    .general = "Ce serveur limite la quantité de données que chaque personne peut envoyer.",
    .advice =
        "Essayez avec un fichier plus petit, réessayez plus tard ou adressez-vous aux responsables de votre "
        "serveur.",
    .window_limit = "Vous pouvez envoyer {max} en {period}.",
    .size_quota = "Vous pouvez stocker {max} au total.",
    .file_quota = "Nombre de fichiers que vous pouvez stocker au total : {count}.",
    .window_used = "Vous en avez utilisé {used}.",
    .quota_used = "Vous avez stocké {used} (fichiers : {count}).",
    .refused_file = "Le fichier refusé fait {attempted}.",
    .room_later = "Il y aura de la place pour un fichier de cette taille le {time}, dans environ {wait}.",
    .room_now =
        "Il devrait maintenant y avoir de la place pour un fichier de cette taille. Veuillez réessayer.",
    .never_fits = "Un fichier de cette taille dépasse la limite elle-même : attendre ne sert à rien.",
    .room_by_deleting = "Il y aura de nouveau de la place quand des médias stockés seront supprimés.",
    .time_units = {{{"1 seconde", "{count} secondes"},
                    {"1 minute", "{count} minutes"},
                    {"1 heure", "{count} heures"},
                    {"1 jour", "{count} jours"},
                    {"1 semaine", "{count} semaines"},
                    {"1 an", "{count} ans"}}},
    .size_units = {"o", "Kio", "Mio", "Gio", "Tio"},
    .decimal_mark = ',',
};

constexpr std::array<LimitPhrases, 3> all{english, german, french};

}  // namespace

std::span<const LimitPhrases> limit_phrases() { return all; }

}  // namespace mxcd::api
