/* fuzz_network.c -- networks as operators write them: what is taken has one canonical form, which
 * means the same, and holds its own address. */
#include <string.h>

#include "accounts/bans.h"
#include "fuzz.h"
#include "net/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    char text[256], canonical[NETWORK_TEXT_MAX], again[NETWORK_TEXT_MAX];
    struct network network, same;
    struct error error = {""};

    if (len_bytes >= sizeof(text))
        len_bytes = sizeof(text) - 1;
    memcpy(text, bytes, len_bytes);
    text[len_bytes] = '\0';
    if (network_parse(text, &network, &error) != 0) {
        MUST(error.text[0] != '\0');
        MUST(bans_network_parse(text, &network, &error) != 0);
        return 0;
    }
    MUST(network.bits <= NETWORK_BITS);
    MUST(network_holds(&network, network.address));
    (void)network_mask(&network);
    MUST(network_mask(&network));
    network_text(&network, canonical);
    MUST(network_parse(canonical, &same, &error) == 0);
    MUST(same.bits == network.bits && memcmp(same.address, network.address, NETWORK_BYTES) == 0);
    network_text(&same, again);
    MUST(strcmp(again, canonical) == 0);
    if (bans_network_parse(text, &same, &error) == 0)
        MUST(same.bits == network.bits &&
             memcmp(same.address, network.address, NETWORK_BYTES) == 0);
    return 0;
}
