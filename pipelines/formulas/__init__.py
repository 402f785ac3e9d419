"""What a model version should have cost: the articles' formulas, dimension-correct.

The source articles give each component (training, inference, storage, update) as hardware plus
bandwidth, `C_x = C_hardware * T_x + C_bandwidth * T_x`. Bandwidth is bought per GB and hardware per
unit of time or volume, so one T for both is no formula for money; here each term has its own price
and its own quantity:

    C_x = sum of price_e * quantity_e over the elements e of component x
          (hardware rate x hours, bandwidth price x GB, ...)

A formula is computed over columns and knows no catalogue, month or bill; `library` names them all.
"""
